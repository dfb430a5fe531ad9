"""Read and validate the rules in `config/*.toml`.

What belongs here: finding, reading and joining rule files. The model of each file is beside the
code that uses its rules. May import the stages of the pipeline, the broker's limits and the model.
"""
