"""Where the server is and who we are there: the log-in that is kept in the user's configuration folder."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
from yarl import URL

from vss.errors import BadOption
from vss.files import write_atomically
from vss.options import DEFAULT_PORT_BASE, port_base
from vss.ports import PublicPorts
from vss.remote.errors import FileUnusable

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


# How often it is looked whether another command of this user has done with the log-in.
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The public URLs of the three services, without a slash at their ends; behind an edge they are one."""

    auth: str
    upload: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """Somebody's log-in; the refresh token is replaced at each use."""

    server: Server
    username: str
    refresh_token: str


def server_named(urls: Sequence[str] = ()) -> Server:
    """The server at `urls`, else at those of VSS_SERVER, else that of `make run` here. Raises BadOption."""
    if urls:
        return parse_server(urls)
    given = os.environ.get("VSS_SERVER", "").split()
    return parse_server(given, option="VSS_SERVER") if given else _local_server()


def parse_server(urls: Sequence[str], *, option: str = "--server") -> Server:
    """One URL for all (a site behind an edge), or those of auth, upload and stream. Raises BadOption."""
    if len(urls) not in (1, 3):
        raise BadOption(f"{option}: give one URL of a site, or three: those of auth, upload and stream")
    cleaned = [_clean(url, option) for url in urls]
    auth, upload, stream = cleaned * 3 if len(cleaned) == 1 else cleaned
    return Server(auth=auth, upload=upload, stream=stream)


def _clean(text: str, option: str) -> str:
    try:
        url = URL(text)
    except ValueError as exc:
        raise BadOption(f"{option}: {text!r} is not a URL ({exc})") from exc
    if url.scheme not in ("http", "https") or not url.host or url.query_string or url.user or url.password:
        raise BadOption(f"{option}: {text!r} cannot be used; give something like https://videos.example.org")
    if url.path not in ("", "/"):
        raise BadOption(f"{option}: {text!r} has a path; give only the address, {url.origin()}")
    if url.scheme == "http" and url.host not in _LOOPBACK:
        raise BadOption(f"{option}: {text!r} would send the password unencrypted; use its https:// URL")
    return str(url.origin())


def _local_server() -> Server:
    try:
        ports = PublicPorts(port_base(os.environ.get("VSS_PORT_BASE") or str(DEFAULT_PORT_BASE)))
    except argparse.ArgumentTypeError as exc:
        raise BadOption(f"VSS_PORT_BASE: {exc}") from exc
    return Server(auth=ports.url("auth"), upload=ports.url("upload"), stream=ports.url("stream"))


class LogInFile:
    """The one log-in of this user on this machine, in a file for nobody else (mode 0600)."""

    @property
    def _folder(self) -> Path:
        try:
            return platformdirs.user_config_path("vss", appauthor=False)
        except RuntimeError as exc:
            # An account that the system does not know, in a container for example.
            raise FileUnusable("no home folder to keep the session in: set HOME or VSS_API_KEY") from exc

    @property
    def path(self) -> Path:
        """The file; it need not be there. Raises FileUnusable."""
        return self._folder / "login.json"

    def read(self) -> LogIn | None:
        """The log-in, if there is one. Raises FileUnusable."""
        try:
            known = json.loads(self.path.read_bytes())
            return LogIn(
                server=Server(**known["server"]), username=known["username"], refresh_token=known["refresh_token"]
            )
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as exc:
            raise FileUnusable(f"{self.path} is broken; remove it and log in again") from exc

    def write(self, log_in: LogIn) -> None:
        """Keeps the log-in, instead of the one before."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.path, json.dumps(asdict(log_in), indent=2).encode() + b"\n")

    def forget(self) -> None:
        """Removes it."""
        self.path.unlink(missing_ok=True)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keeps other processes of this user from using the refresh token, which is good for one use.

        Waits in a way that can be cancelled: whoever has it may be waiting for a server.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "login.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            yield
        finally:
            os.close(descriptor)
