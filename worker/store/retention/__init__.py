"""Remove what is kept for a limited time, such as receipts and journal rows, in short transactions.

What other code reads from a removed row is copied elsewhere in the same transaction.
"""
