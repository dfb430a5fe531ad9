"""What is told of the state of the whole system."""
