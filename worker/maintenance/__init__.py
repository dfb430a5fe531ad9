"""Maintain stored articles and dead letters, apart from the processing of new articles.

What belongs here: replay dead letters, reprocess, repair and delete articles, and find missing
receipts. Each is a function that commands and the background loops of workers call. May import
everything except the commands and those loops.
"""
