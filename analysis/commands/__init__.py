"""Commands"""
