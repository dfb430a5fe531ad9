"""The transaction that writes a batch, the raw articles of one message, to the database.

It takes locks, decides what changes under the locks, and executes the SQL statements. May import
`database`, and the values and ports of the store.
"""
