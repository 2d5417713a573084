"""Sections"""
