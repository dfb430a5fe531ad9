"""Find the main text of a web page.

What belongs here: blocks of text, their features, and the classifier that decides which blocks are
the article. May import `dates`, `html`, the cleaning rules and the model.
"""
