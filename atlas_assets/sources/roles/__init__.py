"""Which column plays which role: told by names and contents together, each decision with a reason."""
