"""Votes"""
