"""Tagging rules: what they may say, how they are compiled and matched.

May import the model only.
"""
