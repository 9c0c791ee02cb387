"""`python -m vss` and the console script; says which Python it needs before anything newer is read."""

import sys

# An older Python must come this far without a syntax error, so nothing newer stands in this file.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("vss: Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2])  # noqa: UP031


def main() -> int:
    from vss.cli import run  # noqa: PLC0415

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
