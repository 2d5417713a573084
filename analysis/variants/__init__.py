"""Variants"""
