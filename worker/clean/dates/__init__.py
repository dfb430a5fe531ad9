"""Read dates as feeds and pages write them.

May import the cleaning rules and the model.
"""
