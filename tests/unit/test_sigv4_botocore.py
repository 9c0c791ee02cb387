"""The presigner against botocore, octet by octet, on generated cases.

Two peers: botocore's client, which everybody calls, and its signer `S3SigV4QueryAuth` alone, which signs any
set of headers. Only botocore's clock is replaced.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import botocore.session
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from fs_svc.sigv4 import Presigner

CASES = settings(max_examples=1_500)

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
# Octets that need care in some layer, drawn often.
AWKWARD = st.sampled_from(list(" ~+%/?#&=;:@!$'()*,[]\"\\<>^`{|}-_.é漢😀\u0301\x00\x7f\u00a0"))
TEXT = st.text(AWKWARD | st.characters(exclude_categories=["Cs"]), max_size=60)

methods = st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "POST"])
endpoints = st.builds(
    lambda scheme, host, port: f"{scheme}://{host}{port}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(["127.0.0.1", "s3.example.org", "S3.Example.ORG", "[::1]", "localhost", "minio"]),
    st.sampled_from(["", ":80", ":443", ":8333", ":1", ":65535"]),
)
regions = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2", "garage", "x"])
buckets = st.sampled_from(["vss", "my.bucket", "bucket-with-dashes", "b23"])
access_key_ids = st.text(PRINTABLE, min_size=1, max_size=40)
secrets = st.text(PRINTABLE | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=90)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lifetimes = st.integers(1, 604_800).map(lambda seconds: timedelta(seconds=seconds))
object_keys = TEXT.filter(bool)
presigners = st.builds(
    Presigner,
    endpoint=endpoints,
    region=regions,
    bucket=buckets,
    access_key_id=access_key_ids,
    secret_access_key=secrets,
)
query_names = st.from_regex(r"\A[a-z][A-Za-z0-9-]{0,20}\Z") | st.sampled_from(
    ["partNumber", "uploadId", "response-content-type", "response-content-disposition", "versionId", "x-id"]
)
header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.just("é"), max_size=40)
header_names = st.sampled_from(
    [
        "content-length",
        "Content-Type",
        "x-amz-checksum-sha256",
        "X-Amz-Acl",
        "x-amz-meta-a~b",
        "range",
        "cache-control",
    ]
)


@contextmanager
def botocore_at(now: datetime) -> Iterator[None]:
    with patch("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None)):
        yield


def sign_with_botocore(presigner: Presigner, request: AWSRequest, now: datetime, lifetime: timedelta) -> str:
    credentials = Credentials(presigner.access_key_id, presigner.secret_access_key)
    signer = S3SigV4QueryAuth(credentials, "s3", presigner.region, expires=lifetime // timedelta(seconds=1))
    with botocore_at(now):
        signer.add_auth(request)
    return str(request.url)


@cache
def botocore_client(endpoint: str, region: str) -> Any:
    return botocore.session.get_session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="a secret",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
        ),
    )


@pytest.mark.long
@given(
    presigner=presigners,
    method=methods,
    object_key=object_keys,
    now=moments,
    lifetime=lifetimes,
    query=st.dictionaries(query_names, TEXT, max_size=4),
    headers=st.dictionaries(header_names, header_values, max_size=4),
)
@CASES
def test_any_url_is_the_one_that_botocore_signs(
    presigner: Presigner,
    method: str,
    object_key: str,
    now: datetime,
    lifetime: timedelta,
    query: dict[str, str],
    headers: dict[str, str],
) -> None:
    request = AWSRequest(
        method=method,
        url=f"{presigner.endpoint}/{presigner.bucket}/{quote(object_key, safe='/~')}",
        # Our URLs have their parameters sorted; botocore keeps the order that it is given.
        params=dict(sorted(query.items())),
        headers=headers,
    )
    theirs = sign_with_botocore(presigner, request, now, lifetime)
    ours = presigner.presign(method, object_key, now=now, lifetime=lifetime, query=query, headers=headers)
    assert ours == theirs


@pytest.mark.long
@given(
    presigner=presigners,
    object_key=object_keys,
    s3_upload_id=TEXT,
    now=moments,
    lifetime=lifetimes,
    part_sizes=st.dictionaries(st.integers(1, 10_000), st.sampled_from([1, 8_388_608, 5_368_709_120]), max_size=12),
    digest=st.none() | st.binary(min_size=32, max_size=32),
)
@CASES
def test_a_batch_of_part_urls_is_what_botocore_signs_one_by_one(
    presigner: Presigner,
    object_key: str,
    s3_upload_id: str,
    now: datetime,
    lifetime: timedelta,
    part_sizes: dict[int, int],
    digest: bytes | None,
) -> None:
    checksums = (
        {}
        if digest is None
        else {number: base64.b64encode(bytes([number % 256]) + digest[1:]).decode() for number in part_sizes}
    )
    ours = presigner.presign_parts(
        object_key, s3_upload_id, part_sizes, now=now, lifetime=lifetime, checksums=checksums
    )
    assert list(ours) == list(part_sizes)
    for part_number, size in part_sizes.items():
        request = AWSRequest(
            method="PUT",
            url=f"{presigner.endpoint}/{presigner.bucket}/{quote(object_key, safe='/~')}",
            params={"partNumber": part_number, "uploadId": s3_upload_id},
            headers={"Content-Length": str(size)}
            | ({"x-amz-checksum-sha256": checksums[part_number]} if checksums else {}),
        )
        assert ours[part_number] == sign_with_botocore(presigner, request, now, lifetime)


@pytest.mark.long
@given(
    endpoint=st.sampled_from(["http://127.0.0.1:8333", "https://s3.example.org", "https://s3.example.org:443"]),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
    object_key=object_keys,
    s3_upload_id=TEXT.filter(bool),
    part_number=st.integers(1, 10_000),
    size=st.integers(1, 5_368_709_120),
    now=moments,
    lifetime=lifetimes,
    content_type=TEXT.filter(bool),
    disposition=TEXT.filter(bool),
)
@CASES
def test_urls_are_those_of_the_botocore_client(
    endpoint: str,
    region: str,
    object_key: str,
    s3_upload_id: str,
    part_number: int,
    size: int,
    now: datetime,
    lifetime: timedelta,
    content_type: str,
    disposition: str,
) -> None:
    presigner = Presigner(
        endpoint=endpoint,
        region=region,
        bucket="vss",
        access_key_id="AKIDEXAMPLE",
        secret_access_key="a secret",
    )
    client = botocore_client(endpoint, region)
    seconds = lifetime // timedelta(seconds=1)
    with botocore_at(now):
        part_url = client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": "vss",
                "Key": object_key,
                "PartNumber": part_number,
                "UploadId": s3_upload_id,
                "ContentLength": size,
            },
            ExpiresIn=seconds,
        )
        source_url = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": "vss",
                "Key": object_key,
                "ResponseContentDisposition": disposition,
                "ResponseContentType": content_type,
            },
            ExpiresIn=seconds,
        )
    ours = presigner.presign_parts(object_key, s3_upload_id, {part_number: size}, now=now, lifetime=lifetime)
    assert ours == {part_number: part_url}
    assert source_url == presigner.presign(
        "GET",
        object_key,
        now=now,
        lifetime=lifetime,
        query={"response-content-type": content_type, "response-content-disposition": disposition},
    )
