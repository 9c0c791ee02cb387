"""The four services and the worker: the settings each of them is given, and how to see that it is ready."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from vss.bucket import Bucket
from vss.child import Child, python_environment
from vss.data_folder import SECRET_BYTES, DataFolder
from vss.options import DEFAULT_PORT_BASE
from vss.ports import HOST, PublicPorts

PROBE_SECONDS = 5
SERVICES: Final = ("auth", "fs", "upload", "stream")
# It makes pictures of videos; everything else works without it.
WORKER: Final = "media"


def services(folder: DataFolder, ports: PublicPorts, bucket: Bucket, environment: Mapping[str, str]) -> list[Child]:
    """auth, fs, upload and stream, and media where its decoder is installed and it is to have jobs."""
    return [
        Child(
            name=name,
            command=partial(_command, name),
            environment=service_environment(name, folder, ports, bucket, environment),
            folder=folder.path,
            address=ports.url(name),
            why_not_ready=partial(_why_not_ready, ports[name]),
        )
        for name in (*SERVICES, *([WORKER] if _has_decoder() and not is_worker_unwanted(environment) else []))
    ]


def _command(name: str) -> list[str]:
    # -P: what lies in the data folder must never be imported.
    return [sys.executable, "-P", "-m", f"{name}_svc"]


def is_worker_unwanted(environment: Mapping[str, str]) -> bool:
    """Whether somebody has said that no worker is to run here."""
    return environment.get("MEDIA_JOBS") == "0"


def _has_decoder() -> bool:
    """Whether the extra `media` is installed; nothing is imported to find that out."""
    return importlib.util.find_spec("av") is not None


def service_environment(
    service: str, folder: DataFolder, ports: PublicPorts, bucket: Bucket, environment: Mapping[str, str]
) -> dict[str, str]:
    """What a service is given, and a program that does something beside it.

    Settings that are ours to give win, in both spellings; others (limits, times) come from outside.
    """
    prefix = f"{service.upper()}_"
    settings = {"HOST": HOST, "PORT": str(ports[service])}
    if service == WORKER:
        settings |= _of_the_worker(folder, ports)
    else:
        settings |= {
            "DATABASE_URL": folder.database_url,
            "AUTH_PUBLIC_URL": ports.url("auth"),
            "UPLOAD_PUBLIC_URL": ports.url("upload"),
            "STREAM_PUBLIC_URL": ports.url("stream"),
            "S3_PUBLIC_URL": ports.url("storage"),
            **_own(service, folder, ports, bucket),
            **_of_the_site(service, environment),
        }
    ours = {prefix + name: value for name, value in settings.items()}
    decided = {name.removesuffix("_FILE") for name in ours}
    from_outside = {
        name: value
        for name, value in environment.items()
        if name.startswith(prefix) and name.removesuffix("_FILE") not in decided
    }
    return {**python_environment(environment), **from_outside, **ours}


def _of_the_site(service: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What is said of the site as a whole, as with compose. They run in the data folder: paths are from here."""
    own = {
        "stream": ["PUBLIC_LIBRARY"],
        "upload": ["WEBHOOK_PRIVATE_NETWORKS", "RENDITIONS", "RENDITION_HEIGHTS", "RENDITION_PRESET"],
    }
    names = ["SITE_NAME", "SITE_LOGO", "ACCENT", *own.get(service, [])]
    given = {name: value for name in names if (value := environment.get(f"VSS_{name}"))}
    return given | ({"SITE_LOGO": str(Path(given["SITE_LOGO"]).resolve())} if "SITE_LOGO" in given else {})


def _of_the_worker(folder: DataFolder, ports: PublicPorts) -> dict[str, str]:
    """Neither the database nor a key of the storage."""
    return {
        "AUTH_URL": ports.url("auth"),
        "UPLOAD_URL": ports.url("upload"),
        "CLIENT_SECRET_FILE": str(folder.secret_file(f"{WORKER}_client_secret")),
    }


def _own(service: str, folder: DataFolder, ports: PublicPorts, bucket: Bucket) -> dict[str, str]:
    if service == "fs":
        return {
            "AUTH_URL": ports.url("auth"),
            "S3_URL": bucket.endpoint,
            "S3_REGION": bucket.region,
            "S3_BUCKET": bucket.name,
            "S3_ACCESS_KEY_ID": bucket.worker.access_key_id,
            "S3_SECRET_ACCESS_KEY_FILE": str(folder.secret_file("s3_fs_secret_access_key")),
            "KEEPS_CORS": "true",
        }
    faces = {"FS_URL": ports.url("fs"), "SESSION_COOKIE": session_cookie(ports), "DEMO_ACCOUNT": "true"}
    if service == "auth":
        return {**faces, **_secrets_of_auth(folder)}
    return {
        **faces,
        "AUTH_URL": ports.url("auth"),
        "CLIENT_SECRET_FILE": str(folder.secret_file(f"{service}_client_secret")),
        "CURSOR_KEY_FILE": str(folder.secret_file(f"{service}_cursor_key")),
    }


def session_cookie(ports: PublicPorts) -> str:
    """The cookie's name: another one for each installation on a host, because cookies ignore ports."""
    return "vss_session" if ports.base == DEFAULT_PORT_BASE else f"vss_session_{ports.base}"


def _secrets_of_auth(folder: DataFolder) -> dict[str, str]:
    secrets = {f"{name}_client_secret": SECRET_BYTES for name in ("upload", "stream", "media")}
    secrets["key_encryption_key"] = 32
    files = {name: folder.secret_file(name, size_bytes) for name, size_bytes in secrets.items()}
    # Only while one is replaced (see vss/keys.py).
    previous = {f"previous_{name}": folder.previous_secret_file(name) for name in secrets}
    files |= {name: file for name, file in previous.items() if file.exists()}
    return {f"{name.upper()}_FILE": str(file) for name, file in files.items()}


async def _why_not_ready(port: int) -> str | None:
    """What `/readyz` says. By hand, since an HTTP client would be most of this process's memory."""
    request = f"GET /readyz HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request.encode())
                status_line = (await reader.readline()).decode(errors="replace").strip()
            finally:
                writer.close()
    except TimeoutError:
        return f"/readyz does not respond within {PROBE_SECONDS} s"
    except OSError as exc:
        return f"no answer on port {port} ({exc})"
    return None if status_line.split()[1:2] == ["200"] else f"/readyz answers {status_line!r}"
