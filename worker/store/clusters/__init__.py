"""Read and change clusters in the database. A cluster is an article and all copies of it.

May import everything in `worker.store` except `sql_store`.
"""
