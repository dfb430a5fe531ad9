"""Tell people what is stored about an article: its story in sentences, and what an edit changed.

What belongs here: what turns stored facts into words for people, whether a command prints them or
a web page shows them.
"""
