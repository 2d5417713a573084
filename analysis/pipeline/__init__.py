"""Pipeline"""
