"""Accounts: who there is, their names and passwords, and their deletion."""
