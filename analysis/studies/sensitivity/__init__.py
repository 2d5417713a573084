"""Sensitivity"""
