"""Write a batch, the results for the raw articles of one message, to the database in one
transaction.

May import `database`, and the values and ports of the store.
"""
