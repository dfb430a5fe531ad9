"""Process one batch of raw articles: clean, deduplicate, tag and store them.

What belongs here: the order of these stages, and what happens to an article that fails in one. May
import the packages of the stages, the interfaces of store and index, the config and the model.
"""
