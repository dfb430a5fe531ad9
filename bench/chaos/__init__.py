"""The complete fault matrix; see __main__.py."""
