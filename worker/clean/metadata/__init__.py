"""Read what a web page says of its article: title, authors, dates, language, canonical link.

May import `page`, `text`, `links`, `dates` and `html`.
"""
