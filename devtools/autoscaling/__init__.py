"""A simulated autoscaler: real workers, started and stopped by what the real `/scale` answers.

`python -m devtools.autoscaling` runs it and draws what happened; a test checks it.
"""
