"""project/python."""
