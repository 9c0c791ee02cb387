"""Every reason for which a command ends with one line instead of doing what was asked."""

from __future__ import annotations

import signal
from collections.abc import Sequence

# As a shell counts: 128 and the signal's number.
INTERRUPTED = 128 + signal.SIGINT
READER_LEFT = 128 + signal.SIGPIPE


class Ended(KeyboardInterrupt):
    """Another signal than Ctrl-C's asked us to end; we do so in the same way."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class Refusal(Exception):
    """Expected trouble: its text says what is wrong and what to do; `details` are shown above it."""

    exit_code = 1

    def __init__(self, text: str, details: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.details = details


class BadOption(Refusal):
    """A value of the command line or of a VSS_ variable that cannot be used."""

    exit_code = 2


class FolderUnusable(Refusal):
    """The data folder cannot be made, entered or written, or what is in it is broken."""


class FolderInUse(Refusal):
    """Another vss works in the data folder."""


class DiskFull(Refusal):
    """Too little room for the data folder to begin with."""


class PortTaken(Refusal):
    """Something else listens where we would."""


class EngineMissing(Refusal):
    """The storage engine's program is not there."""


class SocketTaken(Refusal):
    """The shared temporary folder holds a socket of another user under a name that the engine needs."""


class SchemaUnknown(Refusal):
    """The database was migrated by a newer vss, or by one from before the first release."""


class MigrationBusy(Refusal):
    """Another migration holds the lock."""


class DatabaseUnusable(Refusal):
    """The database does not answer, or not as it must."""


class StorageUnusable(Refusal):
    """The S3 server does not answer, or not as it must."""


class SecretsMissing(Refusal):
    """An installation that was made once has lost files that cannot be made again."""


class ChildCannotStart(Refusal):
    """A process failed to start too often; `details` are its last lines."""
