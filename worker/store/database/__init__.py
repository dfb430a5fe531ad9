"""Tables, column types, connections, and the conversion between values and rows.

May import the values and ports of the store, and the model.
"""
