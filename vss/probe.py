"""`python -m vss.probe PORT`: ends with 0 when the service on that port here is ready. For containers."""

from __future__ import annotations

import http.client
import sys

LIMIT_SECONDS = 5


def main(port: str) -> int:
    """Whether /readyz answers 200; what it says instead goes to standard output, where engines show it."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        print(answer.status, answer.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException) as exc:
        print(exc)
        return 1
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
