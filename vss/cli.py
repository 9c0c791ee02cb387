"""The command line's frame: its commands, and how each of them ends."""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import os
from collections.abc import Sequence
from typing import NoReturn

from vss import __version__, completion
from vss.errors import INTERRUPTED, READER_LEFT, BadOption, Ended, Refusal
from vss.remote import collection_commands, group_commands, share_commands, webhook_commands
from vss.remote import commands as remote
from vss.speaking import leave_stdout, prepare_streams, printable, warn

# A command is a module with `add_command(commands)`, which sets `run`; what is heavy it imports when it runs.
COMMANDS = [remote, share_commands, collection_commands, group_commands, webhook_commands, completion]
# Installed without the extra `server`, it is a client alone.
if importlib.util.find_spec("uvloop"):
    from vss import bootstrap, grant, init, keys, migrate, service_commands, up

    COMMANDS += [up, init, service_commands, keys, migrate, grant, bootstrap]
EXAMPLES = """\
examples:
  vss login --server https://videos.example.org
  vss upload holiday.mp4 --visibility members
  vss list
  vss link ID --at 1m30s
  vss upload --help
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, not the usage first: the line names the option and the remedy."""
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def run(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code: 0, 1 for trouble, 2 for options that cannot be used; see
    docs/command-line.md for those that say more.
    """
    prepare_streams()
    parser, names = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # noqa: PLC0415

        argcomplete.autocomplete(parser, always_complete_options=False)
    try:
        if arguments[:1] == ["help"]:
            arguments = [*arguments[1:], "--help"]
        elif arguments and not arguments[0].startswith("-"):
            _refuse_unknown(arguments[0], names)
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
        place = f"{exc.filename}: " if exc.filename else ""
        warn(f"vss: {place}{exc.strerror or exc}")
        return 1
    except KeyboardInterrupt as interrupt:
        return interrupt.exit_code if isinstance(interrupt, Ended) else INTERRUPTED
    else:
        return code


def _parser() -> tuple[argparse.ArgumentParser, list[str]]:
    """With the names of all commands."""
    parser = _Parser(
        prog="vss",
        description="Self-hosted video sharing.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"vss {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_command(commands)
    return parser, list(commands.choices)


def _refuse_unknown(name: str, known: Sequence[str]) -> None:
    """Raises BadOption for what is no command."""
    if name not in known:
        alike = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean `vss {alike[0]}`?" if alike else "`vss` lists all commands"
        raise BadOption(f"there is no command {name!r}; {meant}")
