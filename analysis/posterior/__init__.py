"""Posterior"""
