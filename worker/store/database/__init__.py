"""Tables, column types, connections, and the conversion between Python values and table rows.

May import the values and ports of the store, and the model.
"""
