"""Claims"""
