"""Tell a failed fetch from an article: error pages, captchas, consent walls, pages without content.

May import `page`, `text`, `html`, `patterns` and the cleaning rules.
"""
