"""What is going on: one picture of queues, workers, sources and dead letters, and what follows from
it.

What belongs here: values that describe the state of the whole system, the reading of them from
broker and store, and pure functions that judge them: how long the queues take to drain, how many
workers are wanted, which source is silent, what needs attention. Commands, metrics, alerts and web
pages show this state, and none of them reads it in another way.
"""
