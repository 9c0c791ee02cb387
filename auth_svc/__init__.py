"""Accounts, sessions and tokens: who somebody is. Knows nothing of videos or bytes."""
