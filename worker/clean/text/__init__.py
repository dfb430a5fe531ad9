"""Plain text: characters, titles, names of people, language.

May import `html`, `dates` and the cleaning rules.
"""
