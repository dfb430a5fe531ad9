"""Topics of an article: tags by rules, tags by a trained model, and how both are merged.

May import `worker.tag.rules` and `worker.model`.
"""
