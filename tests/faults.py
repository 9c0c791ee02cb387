"""Every fault that the tests bring about, what was promised for it, and the page on which a run writes what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent.parent / "docs" / "reliability.md"
_BEGIN: Final = "<!-- written by make reliability: do not edit -->"
_END: Final = "<!-- until here -->"
_HEAD: Final = """\
| fault | what people see | slowest response | lost | recovered after | how it recovers |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: where, what, how it looks from outside, and what makes it good again."""

    id: str
    part: str
    what: str
    seen: str
    heals: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a test saw of it, in seconds; `slowest_answer` is None where nobody was there to answer."""

    slowest_answer: float | None
    healed_after: float


def _fault(part: str, id: str, what: str, seen: str, heals: str) -> Fault:
    return Fault(id=id, part=part, what=what, seen=seen, heals=heals)


_SAID = "503, try again"
_WRITES_SAID = "reads work; writes get 503, try again"
_BYTES_SAID = "videos keep playing if the browser still reaches S3; creating and completing uploads get 503, try again"
_SURE = "200, as usual"
_LATER = "202, not confirmed yet, ask again"
_ANEW = "connections are reopened"
_AGAIN = "retried with each request"
_LOOKED = "the object is looked up and found complete"
_RESTARTED = "`vss up` restarts it and says so"
_GO_ON = "nothing needs recovery"

FAULTS: Final = (
    _fault("MariaDB", "mariadb-killed", "the server is killed (`kill -9`) and restarted", _SAID, _ANEW),
    _fault("MariaDB", "mariadb-stopped", "the server is shut down and restarted", _SAID, _ANEW),
    _fault("MariaDB", "mariadb-hangs", "the server hangs: connections stay open, without responses", _SAID, _ANEW),
    _fault("MariaDB", "mariadb-cut", "connections drop in the middle of statements", _SAID, _ANEW),
    _fault(
        "MariaDB",
        "mariadb-pool-exhausted",
        "another client locks the tables until every pooled connection is waiting",
        _SAID,
        "waiting queries time out, and connections are reopened",
    ),
    _fault("MariaDB", "mariadb-connections-exhausted", "the server accepts no more connections", _SAID, _AGAIN),
    _fault("MariaDB", "mariadb-read-only", "the server accepts no writes (as after a failover)", _WRITES_SAID, _GO_ON),
    _fault("SQLite", "sqlite-locked", "another program holds the file lock", _WRITES_SAID, _GO_ON),
    _fault("SQLite", "sqlite-disk-full", "the disk is full: neither database nor logs can grow", _WRITES_SAID, _GO_ON),
    _fault("S3", "s3-down", "connections are refused or dropped", _BYTES_SAID, _AGAIN),
    _fault("S3", "s3-hangs", "requests are accepted but never answered", _BYTES_SAID, _AGAIN),
    _fault("S3", "s3-503", "every response is 503 `SlowDown`", _BYTES_SAID, _AGAIN),
    _fault("S3", "s3-error-in-200", "Complete returns 200 with an error in the body", _LATER, "Complete is sent again"),
    _fault("S3", "s3-complete-lost", "the response to Complete is lost", _SURE, _LOOKED),
    _fault("S3", "s3-complete-lost-and-silent", "the response is lost, and then S3 stops responding", _LATER, _LOOKED),
    _fault("fs_svc", "fs-killed", "the process is killed", _SAID, _AGAIN),
    _fault("fs_svc", "fs-hangs", "the process hangs", _SAID, _AGAIN),
    _fault(
        "auth_svc",
        "auth-killed",
        "the process is killed",
        "logged-in people keep working; logging in, or returning after a pause, gets 503; nobody is logged out",
        _AGAIN,
    ),
    _fault("auth_svc", "auth-hangs", "the process hangs", "the same", _AGAIN),
    _fault(
        "any call",
        "killed-anywhere",
        "fs_svc or upload_svc is killed before or after any call of create, complete and delete,"
        " or of a guest’s create and complete (29 points)",
        "503 or a dropped connection; the retry gets the right answer",
        "rows record what was in progress; a background loop or the next request finishes it",
    ),
    *(
        _fault("`vss up`", f"{name}-killed-under-vss", f"{what} is killed", "503 or a dropped connection", _RESTARTED)
        for name, what in (
            ("storage", "the storage engine"),
            ("auth", "auth_svc"),
            ("fs", "fs_svc"),
            ("upload", "upload_svc"),
            ("stream", "stream_svc"),
        )
    ),
    _fault(
        "`vss up`",
        "vss-killed-under-vss",
        "`vss up` itself is killed and restarted",
        "dropped connections",
        "its processes end with it; the next start has everything",
    ),
)
BY_ID: Final = {fault.id: fault for fault in FAULTS}


class Observations:
    """What the tests of one run saw, by the ids of the faults."""

    def __init__(self) -> None:
        self._observed: dict[str, Observed] = {}

    def add(self, fault_id: str, *, slowest_answer: float | None, healed_after: float) -> None:
        """Of a fault of the list, by a test that found that nothing was lost. The worst of several counts."""
        assert fault_id in BY_ID, f"{fault_id} is not in tests/faults.py"
        earlier = self._observed.get(fault_id)
        if earlier is not None:
            healed_after = max(healed_after, earlier.healed_after)
            slowest_answer = max(filter(None, (slowest_answer, earlier.slowest_answer)), default=None)
        self._observed[fault_id] = Observed(slowest_answer=slowest_answer, healed_after=healed_after)

    def write(self, page: Path) -> None:
        """Puts the table into the page; raises ValueError, and writes nothing, when the run saw less than the list."""
        if missing := [fault.id for fault in FAULTS if fault.id not in self._observed]:
            raise ValueError(f"not seen in this run: {', '.join(missing)}")
        rows = "".join(_row(fault, self._observed[fault.id]) for fault in FAULTS)
        before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        page.write_text(f"{before}{_BEGIN}\n\n{_HEAD}{rows}\n{_END}{after}", encoding="utf-8")


def _row(fault: Fault, observed: Observed) -> str:
    answer = "–" if observed.slowest_answer is None else f"{observed.slowest_answer:.1f} s"
    cells = (
        f"{fault.part}: {fault.what}",
        fault.seen,
        answer,
        "nothing",
        f"{observed.healed_after:.1f} s",
        fault.heals,
    )
    return f"| {' | '.join(cells)} |\n"


@asynccontextmanager
async def away(go: Callable[[], object], come_back: Callable[[], object]) -> AsyncIterator[None]:
    """Something goes, and comes back when the context ends, whatever happens in it."""
    await asyncio.to_thread(go)
    try:
        yield
    finally:
        await asyncio.to_thread(come_back)
