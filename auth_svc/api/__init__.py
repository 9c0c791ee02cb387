"""auth_svc's JSON handlers."""
