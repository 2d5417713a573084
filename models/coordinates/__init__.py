"""Coordinates"""
