"""Answers to the events of coding agents: what each client says becomes one of four nouns, and an answer becomes what that client reads."""
