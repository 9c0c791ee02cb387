"""Every reason for which a command that talks to a server ends; each has an exit code that scripts can tell apart."""

from __future__ import annotations

from typing import Any

from vss.errors import Refusal


class FileUnusable(Refusal):
    """A file or folder of this machine cannot be read, written or sent."""


class NotLoggedIn(Refusal):
    """Nobody has logged in here, or the log-in is over."""

    exit_code = 3

    def __init__(self, text: str = "not logged in: run `vss login`, or set VSS_API_KEY") -> None:
        super().__init__(text)


class NotThere(Refusal):
    """No video has this id, or it is not this account's to see."""

    exit_code = 4


class NoAnswer(Refusal):
    """The server, or the storage, did not answer for as long as we were willing to wait."""

    exit_code = 5


class Refused(Refusal):
    """The server said no, and would say it again; `status`, `code` and `members` are its problem's (RFC 9457)."""

    exit_code = 6

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.members = problem
        super().__init__(_words(status, problem))

    def is_about(self, name: str) -> bool:
        """Whether a fault of this field of what was sent is the reason."""
        faults = self.members.get("errors")
        return isinstance(faults, list) and any(
            name in str(fault.get("pointer")) or name in str(fault.get("detail")) for fault in faults
        )


class AnotherFile(Refusal):
    """What was sent before, under the same name and size, is not this file."""

    exit_code = 7


class Damaged(Refusal):
    """What was downloaded is not what is stored."""

    exit_code = 8


class SomeFailed(Refusal):
    """Of several things some were not done; each has had its own line."""

    exit_code = 9


def _words(status: int, problem: dict[str, Any]) -> str:
    faults = problem.get("errors")
    if isinstance(faults, list) and faults:
        return "; ".join(
            f"{str(fault['pointer']).removeprefix('#/') or 'content'}: {fault['detail']}" for fault in faults
        )
    if problem.get("code") == "quota-exceeded":
        free = int(problem["limit"]) - int(problem["used"]) - int(problem["reserved"])
        return (
            f"not enough storage left: the file has {problem['size']} bytes, and there is room for {max(free, 0)}. "
            "Delete something or ask for more space"
        )
    return str(problem.get("detail") or problem.get("title") or f"the server answered {status}")
