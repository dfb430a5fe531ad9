"""Work on single lines of an article's text: remove boilerplate, and read facts from datelines and
credits.

May import everything in `worker.clean` except the modules that extract texts from HTML.
"""
