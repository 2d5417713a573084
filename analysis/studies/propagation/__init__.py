"""Propagation"""
