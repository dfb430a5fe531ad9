"""Links of an article: the canonical form, its variants, and the keys that identify an article.

May import `text`, `html` and the cleaning rules.
"""
