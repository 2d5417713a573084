"""Likelihood"""
