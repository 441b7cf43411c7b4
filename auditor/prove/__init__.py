"""Run the examples of the catalogue for real."""
