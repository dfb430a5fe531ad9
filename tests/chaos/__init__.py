"""Failure injection on real workers, brokers and stores."""
