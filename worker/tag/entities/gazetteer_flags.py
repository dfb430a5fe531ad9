"""Flags of a name in the gazetteer (a list of known names). They say what the name proves when it
stands in an article."""

# Flags of a name: why it alone does not prove that its entry is meant.
WORD = 1  # it is also a word that is no name: Apple, Shell
OTHER_KIND = 2  # it is also a name of another kind: a surname, a place
WITHIN_KIND = 4  # an old, foreign or small one: it says which place is meant, not that it is one
SHARED = 8  # several entries of its kind have it
