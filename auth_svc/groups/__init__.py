"""Groups of accounts: administrators make them, their managers say who is in them, access tokens name them."""
