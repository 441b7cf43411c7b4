"""Start the real application as production would, observe it from outside, and stop it without a trace."""
