"""Log-in: passwords checked, attempts limited, known devices."""
