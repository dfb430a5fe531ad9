"""Faults on purpose: workers, broker and store are broken under load, and the cost is counted."""
