"""One module a kind of file: each makes a record of a path and its text, and looks at nothing else."""
