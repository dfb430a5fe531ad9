"""Plain text: repair it, clean titles and names of people, detect its language.

May import `html`, `dates` and the cleaning rules.
"""
