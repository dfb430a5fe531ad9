"""Tell a failed fetch from an article: error pages, challenges, consent walls, empty shells.

May import `page`, `text`, `html`, `patterns` and the cleaning rules.
"""
