"""The command line: everything on one machine with `vss up`, and the administration of what runs there."""

__version__ = "0.1.0"
