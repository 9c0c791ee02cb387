"""What people do from a terminal with a vss that runs elsewhere: by its public HTTP API and nothing else."""
