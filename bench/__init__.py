"""Measurements. Each prints its machine, its data and its figures; run them with `make bench`."""
