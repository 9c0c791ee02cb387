"""Mechanisms that two or more services need; no policy, and no knowledge of any service."""

__version__ = "0.1.0"
