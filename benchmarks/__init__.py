"""Targets kept by measuring: `python -m benchmarks` runs every row, `python -m benchmarks P1` those of that name."""
