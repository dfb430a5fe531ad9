"""The tables, their columns, connections, and the translation between values and rows.

May import the values and ports of the store, and the model.
"""
