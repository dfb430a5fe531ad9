"""Write a batch, the results for the raw articles of one message, to the database in one
transaction.

The modules lock rows, decide what changes once they are locked, and execute the SQL statements. May
import `database`, and the values and ports of the store.
"""
