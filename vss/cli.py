"""The command line's frame: its commands, and how each of them ends."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from vss import __version__, bootstrap, grant, init, keys, migrate, service_commands, up
from vss.errors import INTERRUPTED, READER_LEFT, Ended, Refusal
from vss.remote import commands as remote
from vss.speaking import leave_stdout, prepare_streams, printable, warn

# A command is a module with `add_command(commands)`, which sets `run`; what is heavy it imports when it runs.
COMMANDS = (up, init, service_commands, keys, migrate, grant, bootstrap, remote)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, not the usage first: the line names the option and the remedy."""
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def run(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code: 0, 1 for trouble, 2 for options that cannot be used; see
    docs/command-line.md for those that say more.
    """
    prepare_streams()
    parser = _parser()
    try:
        parsed = parser.parse_args(arguments or ["--help"])
        code: int = parsed.run(parsed)
    except Refusal as refusal:
        for line in refusal.details:
            warn(f"  {line}")
        warn(f"vss: {refusal}")
        return refusal.exit_code
    except BrokenPipeError:
        # `vss list | head` has read enough.
        leave_stdout()
        return READER_LEFT
    except OSError as exc:
        # A full disk, a folder without permission: what the system says is all there is to say.
        leave_stdout()
        place = f": {exc.filename}" if exc.filename else ""
        warn(f"vss: {exc.strerror or exc}{place}")
        return 1
    except KeyboardInterrupt as interrupt:
        return interrupt.exit_code if isinstance(interrupt, Ended) else INTERRUPTED
    else:
        return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vss", description="Self-hosted video sharing.")
    parser.add_argument("--version", action="version", version=f"vss {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_command(commands)
    return parser
