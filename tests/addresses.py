"""Where the parts of the product listen in the tests: one set of loopback ports for a whole run."""

from __future__ import annotations

from dataclasses import dataclass

from tests.ports import free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """A port for each part; public and internal addresses are the same, as with `make run`."""

    auth_port: int
    fs_port: int
    upload_port: int
    stream_port: int
    s3_port: int

    @classmethod
    def choose(cls) -> Addresses:
        """Ports that are free now."""
        auth, fs, upload, stream, s3 = free_ports(5)
        return cls(auth_port=auth, fs_port=fs, upload_port=upload, stream_port=stream, s3_port=s3)

    @property
    def auth_url(self) -> str:
        return f"http://127.0.0.1:{self.auth_port}"

    @property
    def fs_url(self) -> str:
        return f"http://127.0.0.1:{self.fs_port}"

    @property
    def upload_url(self) -> str:
        return f"http://127.0.0.1:{self.upload_port}"

    @property
    def stream_url(self) -> str:
        return f"http://127.0.0.1:{self.stream_port}"

    @property
    def s3_url(self) -> str:
        return f"http://127.0.0.1:{self.s3_port}"

    def common_settings(self) -> dict[str, str]:
        """What every service is told alike, by the names of its settings."""
        return {
            "auth_public_url": self.auth_url,
            "upload_public_url": self.upload_url,
            "stream_public_url": self.stream_url,
            "s3_public_url": self.s3_url,
        }
