"""Find out the state of the system (queues, workers, sources, dead letters) and what needs the
attention of a person."""
