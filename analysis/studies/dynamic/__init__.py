"""Dynamic"""
