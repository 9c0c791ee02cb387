"""The audit log: who did what, read by administrators and by whom it concerns."""
