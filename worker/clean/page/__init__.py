"""Find the main text of a web page.

What belongs here: blocks (the passages of text that a page consists of), their numeric features,
and the classifier that decides which blocks belong to the article. May import `dates`, `html`, the
cleaning rules and the model.
"""
