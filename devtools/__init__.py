"""Code that benchmarks, training and tests share: servers, generated articles, corpora, faults.

Imports `worker` only. `bench`, `training` and `tests` import this package, and a test of a
benchmark or of a training script imports what it tests; no other import between the three is
allowed.
"""
