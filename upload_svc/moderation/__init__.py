"""Moderation: what administrators see of everybody's videos, and do with them."""
