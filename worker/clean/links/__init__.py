"""Links of an article: normalise them, and make from them the keys that identify the article.

May import `text`, `html` and the cleaning rules.
"""
