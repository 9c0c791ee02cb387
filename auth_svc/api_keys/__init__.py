"""API keys: secrets for programs, exchanged for access tokens."""
