"""The token endpoint: access tokens, refresh tokens, and the keys that sign."""
