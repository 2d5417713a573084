"""Store"""
