"""Process one batch of raw articles: clean, deduplicate, tag and store them.

What belongs here: the order of the stages and what happens to an article that fails in one. May
import the stages, the ports of store and index, the config and the model.
"""
