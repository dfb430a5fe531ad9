"""Benchmarks. Each prints the machine, the data and the results; run them with `make bench`."""
