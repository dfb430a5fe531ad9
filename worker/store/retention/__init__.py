"""Remove from the database what is kept for a limited time only, in short transactions: outcomes of
deliveries, notes of what the broker accepted, old changes and so on.

What other code still needs of a removed row is copied elsewhere in the same transaction.
"""
