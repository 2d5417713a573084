"""Compile, sample and judge one fit."""
