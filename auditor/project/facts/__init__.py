"""project/facts."""
