"""A real MariaDB (or MySQL) server of the tests' own, on loopback, in a folder that goes with it."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import components
from tests.ports import free_ports
from tests.waiting import wait_until

_SMALL = ("--innodb-buffer-pool-size=64M", "--skip-log-bin", "--performance-schema=OFF")
# Speed instead of safety, where nothing outlives the run.
_FAST = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")


@dataclass(slots=True, kw_only=True)
class DatabaseServer:
    """A server and the one account on it, which may do everything; a test may stop it and start it again."""

    port: int
    username: str
    password: str
    program: Path
    folder: Path
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def url(self, database: str, *, username: str | None = None) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"mysql+asyncmy://{username or self.username}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Returns when it takes connections."""
        log = self.folder / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(_command(self), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self._process = process
        wait_until(lambda: _is_ready(process, self, log), what="the database server answers", limit_seconds=60)

    def send_signal(self, number: signal.Signals) -> None:
        """To the server's process: SIGSTOP makes it hang, SIGCONT ends that."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.send_signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """Ends it in order, if it runs."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def run_server(*, is_durable: bool = False) -> Iterator[DatabaseServer]:
    """Runs a server as long as the context lasts; a missing one is told by `components.missing`.

    `is_durable`: what it has committed outlives it, at the price of speed.
    """
    program = components.database_server()
    # Not below pytest's folder: the path of a socket has room for about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="vss-db-"))
    try:
        server = DatabaseServer(
            port=free_ports(1)[0],
            username="tester",
            password=secrets.token_hex(16),
            program=program,
            folder=folder,
            options=_SMALL if is_durable else (*_SMALL, *_FAST),
        )
        _make_data_folder(program, folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _user_option() -> list[str]:
    # Both servers refuse to run as root unless told so by name.
    return [f"--user={getpass.getuser()}"] if os.geteuid() == 0 else []


def _is_mariadb(program: Path) -> bool:
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return "MariaDB" in version.stdout


def _make_data_folder(program: Path, folder: Path) -> None:
    data = folder / "data"
    if _is_mariadb(program):
        install = shutil.which("mariadb-install-db") or str(program.with_name("mariadb-install-db"))
        command = [install, "--auth-root-authentication-method=normal", "--skip-test-db"]
    else:
        command = [str(program), "--initialize-insecure"]
    # --no-defaults must come first: this machine's own configuration is not for us.
    made = subprocess.run(
        [command[0], "--no-defaults", *command[1:], f"--datadir={data}", *_user_option()],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # In a common one each server that starts deletes the others' temporary tables.
        env={**os.environ, "TMPDIR": str(folder)},
    )
    if made.returncode:
        raise AssertionError(f"the database's folder could not be made:\n{made.stdout}{made.stderr}")


def _command(server: DatabaseServer) -> list[str]:
    folder = server.folder
    first_statements = folder / "init.sql"
    first_statements.write_text(
        f"CREATE USER IF NOT EXISTS '{server.username}'@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO '{server.username}'@'127.0.0.1' WITH GRANT OPTION;\n",
        encoding="utf-8",
    )
    return [
        str(server.program),
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 'sock'}",
        f"--pid-file={folder / 'pid'}",
        f"--tmpdir={folder}",
        f"--init-file={first_statements}",
        f"--port={server.port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        *server.options,
        *_user_option(),
    ]


def _is_ready(process: subprocess.Popen[bytes], server: DatabaseServer, log: Path) -> bool:
    """Both servers say so in their log once the statements of the init file have run."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.poll() is not None:
        raise AssertionError(f"the database server ended with {process.returncode}:\n{text}")
    return "ready for connections" in text and f"port: {server.port}" in text
