"""The four services: the settings each of them is given, and how to see that it is ready."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial

from vss.bucket import Bucket
from vss.child import Child, python_environment
from vss.data_folder import SECRET_BYTES, DataFolder
from vss.options import DEFAULT_PORT_BASE
from vss.ports import HOST, PublicPorts

PROBE_SECONDS = 5


def services(folder: DataFolder, ports: PublicPorts, bucket: Bucket, environment: Mapping[str, str]) -> list[Child]:
    """auth, fs, upload and stream."""
    urls = {name: ports.url(name) for name in ports.by_name()}
    cookie = "vss_session" if ports.base == DEFAULT_PORT_BASE else f"vss_session_{ports.base}"

    def secret(name: str, size_bytes: int = SECRET_BYTES) -> str:
        return str(folder.secret_file(name, size_bytes))

    common = {
        "HOST": HOST,
        "DATABASE_URL": folder.database_url,
        "AUTH_PUBLIC_URL": urls["auth"],
        "UPLOAD_PUBLIC_URL": urls["upload"],
        "STREAM_PUBLIC_URL": urls["stream"],
        "S3_PUBLIC_URL": urls["storage"],
    }
    faces = {"SESSION_COOKIE": cookie, "DEMO_ACCOUNT": "true"}
    own = {
        "auth": {
            **faces,
            "UPLOAD_CLIENT_SECRET_FILE": secret("upload_client_secret"),
            "STREAM_CLIENT_SECRET_FILE": secret("stream_client_secret"),
            "KEY_ENCRYPTION_KEY_FILE": secret("key_encryption_key", 32),
        },
        "fs": {
            "AUTH_URL": urls["auth"],
            "S3_URL": bucket.endpoint,
            "S3_REGION": bucket.region,
            "S3_BUCKET": bucket.name,
            "S3_ACCESS_KEY_ID": bucket.worker.access_key_id,
            "S3_SECRET_ACCESS_KEY_FILE": secret("s3_fs_secret_access_key"),
        },
        **{
            name: {
                **faces,
                "AUTH_URL": urls["auth"],
                "FS_URL": urls["fs"],
                "CLIENT_SECRET_FILE": secret(f"{name}_client_secret"),
                "CURSOR_KEY_FILE": secret(f"{name}_cursor_key"),
            }
            for name in ("upload", "stream")
        },
    }
    return [
        Child(
            name=name,
            # -P: what lies in the data folder must never be imported.
            command=[sys.executable, "-P", "-m", f"{name}_svc"],
            environment=_environment(f"{name.upper()}_", {**common, **settings, "PORT": str(port)}, environment),
            folder=folder.path,
            address=urls[name],
            why_not_ready=partial(_why_not_ready, port),
        )
        for name, settings in own.items()
        for port in [ports.by_name()[name]]
    ]


def _environment(prefix: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Settings that are ours to give win, in both spellings; others (limits, times) come from outside."""
    ours = {prefix + name: value for name, value in settings.items()}
    decided = {name.removesuffix("_FILE") for name in ours}
    from_outside = {
        name: value
        for name, value in environment.items()
        if name.startswith(prefix) and name.removesuffix("_FILE") not in decided
    }
    return {**python_environment(environment), **from_outside, **ours}


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
        return f"/readyz does not answer within {PROBE_SECONDS} s"
    except OSError as exc:
        return f"no answer on port {port} ({exc})"
    return None if status_line.split()[1:2] == ["200"] else f"/readyz answers {status_line!r}"
