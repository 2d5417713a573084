"""Benchmark"""
