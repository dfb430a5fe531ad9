"""The fault matrix in its long form: see __main__.py."""
