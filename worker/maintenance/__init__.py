"""Maintain what is stored, articles and dead letters (raw articles that could not be processed),
apart from the processing of new articles.

What belongs here: replay dead letters, reprocess, repair and delete articles, and find delivered
articles that got lost. Each is a function, called by commands and by background loops of the
workers. May import everything except these commands and loops.
"""
