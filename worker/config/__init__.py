"""Read and validate the rule files of the worker, `config/*.toml`.

What belongs here: finding, reading and joining rule files. The pydantic class that validates a file
is beside the code that uses its rules. This package may import the stages of the pipeline, the
limits in worker.broker.backpressure, and worker.model.
"""
