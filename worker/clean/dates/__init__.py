"""Read dates as feeds and pages write them, in many languages and forms.

May import the cleaning rules and the model.
"""
