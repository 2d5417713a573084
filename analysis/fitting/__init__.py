"""Fitting"""
