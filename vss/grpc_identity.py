"""What the parts of SeaweedFS know one another by: one certificate, which each of them shows and alone trusts.

Its S3 port asks for signatures, and its HTTP ports for tokens; its gRPC ports take anybody's word unless they ask for
certificates. There is one holder, so the certificate is its own authority, and no other key can make a second one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from vss.ports import HOST

LIFETIME: Final = timedelta(days=3650)
# Long before the end, so that whoever upgrades once a year never meets it.
RENEWED_BEFORE: Final = timedelta(days=730)
# A clock that is set back must not find it not valid yet.
_CLOCKS_APART: Final = timedelta(days=2)
# Every part that calls or is called: security.toml's sections, as `weed scaffold -config=security` lists them.
_PARTS: Final = ("master", "volume", "filer", "s3", "client", "admin", "worker", "msg_broker", "msg_agent", "mq")


def new_identity(*, now: datetime, names: Sequence[str] = ()) -> bytes:
    """A certificate for loopback and the host `names`, and its private key, as one PEM file."""
    # Imported here: other commands do without, and it takes longer to import than most of them.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vss storage")])
    hosts = [x509.DNSName(name) for name in ("localhost", *names)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([*hosts, x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def is_fresh(identity: bytes, *, now: datetime) -> bool:
    """Whether it can be read and ends later than RENEWED_BEFORE from now."""
    from cryptography import x509  # noqa: PLC0415

    try:
        certificate = x509.load_pem_x509_certificate(identity)
    except ValueError:
        return False
    return now + RENEWED_BEFORE < certificate.not_valid_after_utc


def security_sections(file: str) -> str:
    """The part of security.toml by which every gRPC port asks for the identity in `file`, a path as `weed` sees it."""
    parts = [f'[grpc.{part}]\ncert = "{file}"\nkey = "{file}"' for part in _PARTS]
    return "\n\n".join([f'[grpc]\nca = "{file}"', *parts])
