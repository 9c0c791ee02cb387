"""What every service does with HTTP: running, middlewares, reading input, presenting, pages, log-in."""
