"""Panel"""
