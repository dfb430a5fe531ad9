"""Maintain stored articles and dead letters, outside the path of new articles.

What belongs here: replay, reprocess, repair, delete and account for articles. Each is a function
that the commands and the background loops call. May import everything below the commands.
"""
