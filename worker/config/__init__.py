"""Read and validate the rules in `config/*.toml`.

What belongs here: how rule files are found, read and joined into one value. What a file may say
stands beside the code that it rules. May import the stages, the broker's limits and the model.
"""
