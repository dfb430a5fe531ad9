"""Markup: decode its bytes, refuse hostile markup, turn it into text, make it safe to show.

May import the cleaning rules and the model.
"""
