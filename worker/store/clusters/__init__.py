"""Read and change clusters in the database. A cluster is an article and the copies of it.

Members are found, articles are moved between clusters, and clusters are found that have lost their
canonical article, the one that the others are copies of.

May import everything in `worker.store` except `sql_store`.
"""
