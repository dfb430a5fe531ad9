"""What is going on: one picture of queues, workers, sources and dead letters, and what follows from
it.

What belongs here: values that describe the state of the whole system, the reading of them from
broker and store, and pure functions that judge them: how long the queues take to drain, how many
workers are wanted, which source is silent, what needs attention. Alerts are here too: incidents are
followed over time, and reported to a webhook or by mail. Commands, metrics and web pages show this
state, and none of them reads it in another way.
"""
