"""Presigned S3 URLs: AWS Signature Version 4 in the query string, path-style, with an unsigned payload.

Our own because signing is what this service does all day, and botocore takes some fifty times as long. The
rules and their names are those of
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. Everything here is pure: the
time is an argument, and equal arguments give equal URLs.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_LIFETIME = timedelta(days=7)
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html
CHECKSUM_HEADER = "x-amz-checksum-sha256"

_SECOND = timedelta(seconds=1)
_NONE: Mapping[str, str] = {}
_NONE_OF_PARTS: Mapping[int, str] = {}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_IPAD = bytes(octet ^ 0x36 for octet in range(256))
_OPAD = bytes(octet ^ 0x5C for octet in range(256))

# Hardly anything that we sign needs quoting; to look first takes a fraction of what `quote` takes.
_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_is_plain_path = re.compile(r"[A-Za-z0-9_.~/-]*").fullmatch
# What does need it is mostly a content type.
_quoted = lru_cache(maxsize=256)(partial(quote, safe=""))
_is_query_name = re.compile(r"[a-z][A-Za-z0-9-]*").fullmatch


@lru_cache(maxsize=16)
def signing_key(secret_access_key: str, day: str, region: str, service: str) -> bytes:
    """The key that signs everything of one `day` (YYYYMMDD in UTC) in one region."""
    key = f"AWS4{secret_access_key}".encode()
    for message in (day, region, service, "aws4_request"):
        key = hmac.digest(key, message.encode(), "sha256")
    return key


# Compared by identity: each signature looks it up, and hashing all fields would take as long as signing.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Presigner:
    """Signs URLs for one bucket behind one endpoint with one key pair.

    The bucket is the first part of the path, or empty where the endpoint's host already stands for it. Raises
    ValueError for an endpoint that is more than a scheme, a host and a port.
    """

    endpoint: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    origin: str = field(init=False, repr=False)
    host: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        origin, host = _split_endpoint(self.endpoint)
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "host", host)

    def presign(
        self,
        method: str,
        object_key: str,
        *,
        now: datetime,
        lifetime: timedelta,
        query: Mapping[str, str] = _NONE,
        headers: Mapping[str, str] = _NONE,
    ) -> str:
        """A URL good for one method on one object, from `now` for `lifetime`.

        `query` (`response-content-type`, `partNumber` …) becomes part of the URL, sorted by name. The request
        must carry each of `headers` with this very value; `Host` is signed anyway.
        """
        template = _template(self, _second(now), lifetime, tuple(query), tuple(headers))
        path = self._path(object_key)
        given = fields = ""
        for prefix, name in template.query:
            value = query[name]
            given += f"{prefix}{value if _is_plain(value) else _quoted(value)}"
        for prefix, name in template.headers:
            fields += f"{prefix}{' '.join(headers[name].split())}"
        canonical_request = f"{method}\n{path}\n{template.auth}{given}{fields}{template.end}"
        inner = template.inner.copy()
        inner.update(sha256(canonical_request.encode()).hexdigest().encode())
        outer = template.outer.copy()
        outer.update(inner.digest())
        given = f"{given[1:]}&" if given else ""
        return f"{self.origin}{path}?{given}{template.auth}&X-Amz-Signature={outer.hexdigest()}"

    def presign_parts(
        self,
        object_key: str,
        s3_upload_id: str,
        part_sizes: Mapping[int, int],
        *,
        now: datetime,
        lifetime: timedelta,
        checksums: Mapping[int, str] = _NONE_OF_PARTS,
    ) -> dict[int, str]:
        """For each part number a URL that takes a PUT of exactly that part's size in bytes.

        With `checksums` (SHA-256 in base64, one for every part) the request must also carry its part's as
        `x-amz-checksum-sha256`, and S3 refuses a body that has another. The same URLs that `presign` gives, but what
        the parts share is hashed once. It holds the event loop for about 2 µs a part, so more than 1,000 parts are
        better asked for in several calls.
        """
        names = ("content-length", CHECKSUM_HEADER) if checksums else ("content-length",)
        template = _template(self, _second(now), lifetime, ("partNumber", "uploadId"), names)
        path = self._path(object_key)
        upload_id = _quoted(s3_upload_id)
        before_number = f"{self.origin}{path}?partNumber="
        after_number = f"&uploadId={upload_id}&{template.auth}&X-Amz-Signature="
        start = sha256(f"PUT\n{path}\n{template.auth}&partNumber=".encode())
        # Two at most: all parts but the last are equal.
        ends = {
            size: f"&uploadId={upload_id}\ncontent-length:{size}{'' if checksums else template.end}".encode()
            for size in set(part_sizes.values())
        }
        checksum_line = template.headers[1][0] if checksums else ""
        urls: dict[int, str] = {}
        for part_number, size in part_sizes.items():
            request_hash = start.copy()
            request_hash.update(b"%d%b" % (part_number, ends[size]))
            if checksums:
                request_hash.update(f"{checksum_line}{checksums[part_number]}{template.end}".encode())
            inner = template.inner.copy()
            inner.update(request_hash.hexdigest().encode())
            outer = template.outer.copy()
            outer.update(inner.digest())
            urls[part_number] = f"{before_number}{part_number}{after_number}{outer.hexdigest()}"
        return urls

    def _path(self, object_key: str) -> str:
        key = object_key if _is_plain_path(object_key) else quote(object_key, safe="/")
        return f"/{self.bucket}/{key}" if self.bucket else f"/{key}"


class _Template:
    """What URLs share that are signed in one second, for one lifetime, with the same names.

    The HMAC (RFC 2104) is kept as two hash states that are copied for each signature, the inner one having
    taken the head of the string to sign: `hmac.digest` takes twice as long, as it prepares the key each time.
    """

    __slots__ = ("auth", "end", "headers", "inner", "outer", "query")

    def __init__(
        self,
        signer: Presigner,
        second: int,
        lifetime: timedelta,
        query_names: tuple[str, ...],
        header_names: tuple[str, ...],
    ) -> None:
        if not _SECOND <= lifetime <= LONGEST_LIFETIME:
            raise ValueError(f"a presigned URL lives from a second to 7 days, not {lifetime}")
        if not all(_is_query_name(name) for name in query_names):
            # S3's own all begin in lower case, and so come behind `X-Amz-…` when sorted.
            raise ValueError(f"not all of these are query parameters of S3: {query_names}")
        given = {name.lower(): name for name in header_names}
        if len(given) < len(header_names) or "host" in given:
            raise ValueError(f"a header is signed once, and host is signed anyway: {header_names}")
        names = sorted([*given, "host"])
        signed_headers = ";".join(names)
        amz_date = datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{amz_date[:8]}/{signer.region}/s3/aws4_request"
        self.auth = (
            f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={_quoted(f'{signer.access_key_id}/{scope}')}"
            f"&X-Amz-Date={amz_date}&X-Amz-Expires={lifetime // _SECOND}"
            f"&X-Amz-SignedHeaders={_quoted(signed_headers)}"
        )
        self.query = [(f"&{name}=", name) for name in sorted(query_names)]
        # Host has the same value every time, so its line goes with whatever follows it.
        self.headers: list[tuple[str, str]] = []
        host = ""
        for name in names:
            if name == "host":
                host = f"\nhost:{signer.host}"
            else:
                self.headers.append((f"{host}\n{name}:", given[name]))
                host = ""
        self.end = f"{host}\n\n{signed_headers}\nUNSIGNED-PAYLOAD"
        key = signing_key(signer.secret_access_key, amz_date[:8], signer.region, "s3").ljust(64, b"\0")
        self.inner = sha256(key.translate(_IPAD))
        self.inner.update(f"{ALGORITHM}\n{amz_date}\n{scope}\n".encode())
        self.outer = sha256(key.translate(_OPAD))


_template = lru_cache(maxsize=64)(_Template)


def _second(now: datetime) -> int:
    if now.tzinfo is None:
        raise ValueError("now must be aware: a naive time would be taken as local")
    return int(now.timestamp())


def _split_endpoint(endpoint: str) -> tuple[str, str]:
    """How URLs begin and what the Host field says, for an endpoint such as `http://127.0.0.1:8333`."""
    parts = urlsplit(endpoint)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError("an S3 endpoint is http:// or https:// and a host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("an S3 endpoint has no path, query or fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if parts.port is not None and parts.port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{parts.port}"
    return f"{parts.scheme}://{parts.netloc}", host
