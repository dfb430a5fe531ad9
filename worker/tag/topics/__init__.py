"""Topics of an article: tags by rules, tags by the topic model, and how both are merged.

May import `worker.tag.rules` and `worker.model`.
"""
