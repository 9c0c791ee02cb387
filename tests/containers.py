"""The whole product in containers: compose.yaml in a folder of its own, with ports, networks and volumes of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.ports import free_base
from tests.waiting import wait_until

_ROOT = Path(__file__).parent.parent
_OFFSETS = {"auth": 1, "fs": 2, "upload": 3, "stream": 4, "s3": 333}
SERVICES = ("auth", "fs", "upload", "stream")
SITE, S3_SITE = "vss.localhost", "s3.vss.localhost"


class Containers:
    """What an operator has: a checkout, two commands. `overlay` is `demo` or `edge`, or None for neither."""

    browser_flags: Sequence[str] = ()

    def __init__(self, folder: Path, *, overlay: str | None = None) -> None:
        self.folder = folder
        self.base = free_base(list(_OFFSETS.values()))
        self.password = "admin"
        self.project = f"vss-test-{overlay or 'plain'}"
        self._overlay = overlay
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=_ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.split("\0"):
            if name and (_ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(_ROOT / name, folder / name)

    def init(self) -> str:
        """`vss init` by the image, for machines without Python; returns what it says."""
        owner = f"{os.getuid()}:{os.getgid()}"
        here = ["--volume", f"{self.folder}:/here", "--workdir", "/here"]
        said = self._run(
            ["docker", "run", "--rm", "--user", owner, *here, "vss", "vss", "init", f"--port-base={self.base}"]
        )
        if found := re.search(r"with the password (\S+)", said):
            self.password = found[1]
        return said

    def configure(self, settings: Mapping[str, str]) -> None:
        """More lines in .env; later ones win."""
        with (self.folder / ".env").open("a", encoding="utf-8") as env:
            env.writelines(f"{name}={value}\n" for name, value in settings.items())

    def compose(self, *arguments: str, check: bool = True, said: str | None = None) -> str:
        """One `docker compose` command, told `said`; returns its standard output, and its errors when it may fail."""
        overlays = [f"--file=compose.{self._overlay}.yaml"] if self._overlay else []
        return self._run(
            ["docker", "compose", f"--project-name={self.project}", "--file=compose.yaml", *overlays, *arguments],
            check=check,
            said=said,
        )

    def _run(self, command: Sequence[str], *, check: bool = True, said: str | None = None) -> str:
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "VSS_NETWORK": self.project},
            input=said,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if check and ended.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return ended.stdout if check else ended.stdout + ended.stderr

    def up(self) -> None:
        """The second of the two commands."""
        self.compose("up", "--detach", "--build", "--wait")
        # The engine has given this machine new addresses, and Chromium drops what it loads when one of them changes.
        wait_until(_addresses_have_settled, what="no address is tentative")

    def down(self) -> None:
        """Containers and networks go; volumes stay."""
        self.compose("down")

    def destroy(self) -> None:
        """Everything goes."""
        self.compose("down", "--volumes", "--remove-orphans", check=False)

    # What the tests of the whole ask of any product (see tests/product.py).
    def start(self) -> None:
        self.up()

    def press_ctrl_c(self) -> None:
        self.down()

    def url(self, part: str) -> str:
        """The public URL of `auth`, `upload`, `stream` or `s3`, and the one of `fs`."""
        return f"http://127.0.0.1:{self.base + _OFFSETS[part]}"

    def session(self) -> aiohttp.ClientSession:
        """A client that reaches the public URLs."""
        return aiohttp.ClientSession()

    @contextmanager
    def metered(self) -> Iterator[Meter]:
        """Counts what goes over the network interfaces of the services' containers."""
        pids = {name: self.pid(f"{name}_svc") for name in SERVICES}
        yield Meter(pids, {name: _network_bytes(pid) for name, pid in pids.items()})

    def pid(self, service: str) -> int:
        """The container's first process, as the host counts."""
        return int(self.inspect(service)["State"]["Pid"])

    def container(self, service: str) -> str:
        """The id of the container that runs."""
        return self.compose("ps", "--all", "--quiet", service).strip()

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says about the container."""
        found: dict[str, Any] = json.loads(self._run(["docker", "inspect", self.container(service)]))[0]
        return found

    def query(self, statement: str) -> str:
        """What MySQL answers to its administrator."""
        run = f'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)" exec mysql -uroot -N vss -e "{statement}"'
        return self.compose("exec", "-T", "mysql", "sh", "-c", run)

    def kill(self, service: str) -> None:
        """As the kernel does when memory is short; the engine starts the container again by its policy."""
        os.kill(self.pid(service), 9)

    def logs(self, service: str) -> str:
        """What it has said."""
        return self.compose("logs", "--no-log-prefix", service)


@dataclass(slots=True)
class Meter:
    """Bytes over each container's interfaces since the start."""

    pids: Mapping[str, int]
    before: Mapping[str, int]

    def total_bytes(self) -> dict[str, int]:
        """Sent and received together."""
        return {name: _network_bytes(pid) - self.before[name] for name, pid in self.pids.items()}


def _addresses_have_settled() -> bool:
    # The last but one column holds flags; IFA_F_TENTATIVE is 0x40 (Linux, if_addr.h).
    lines = Path("/proc/net/if_inet6").read_text(encoding="utf-8").splitlines()
    return not any(int(line.split()[4], 16) & 0x40 for line in lines)


def _network_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/net/dev").read_text(encoding="utf-8").splitlines()[2:]
    counts = [line.split(":")[1].split() for line in lines if line.split(":")[0].strip() != "lo"]
    return sum(int(count[0]) + int(count[8]) for count in counts)


class EdgeContainers(Containers):
    """One site over TLS, on port 443 of loopback, with certificates of Caddy's own making."""

    browser_flags = (
        "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP {SITE} 127.0.0.1, MAP {S3_SITE} 127.0.0.1",
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, overlay="edge")

    def init(self) -> str:
        said = super().init()
        edge = {"VSS_SITE": SITE, "VSS_S3_SITE": S3_SITE, "VSS_EDGE_BIND": "127.0.0.1", "VSS_EDGE_TLS": "tls internal"}
        self.configure(edge)
        return said

    def url(self, part: str) -> str:
        return f"https://{S3_SITE if part == 's3' else SITE}"

    def session(self) -> aiohttp.ClientSession:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=_Here(), ssl=context))


class _Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        return
