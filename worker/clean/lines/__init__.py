"""Remove or read single lines of an article's text: boilerplate, datelines, credits.

May import everything in `worker.clean` except the modules that read bodies.
"""
