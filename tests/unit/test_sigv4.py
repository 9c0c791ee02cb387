"""The presigner against AWS's published vectors, and what it refuses to sign."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from fs_svc.sigv4 import Presigner, signing_key

NOW = datetime(2013, 5, 24, tzinfo=UTC)
DAY = timedelta(days=1)


def presigner(endpoint: str = "https://s3.amazonaws.com", bucket: str = "examplebucket") -> Presigner:
    return Presigner(
        endpoint=endpoint,
        region="us-east-1",
        bucket=bucket,
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )


def test_the_published_signing_key_is_derived() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and its
    predecessor in the AWS General Reference.
    """
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    assert signing_key(secret, "20150830", "us-east-1", "iam").hex() == (
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    )
    assert signing_key(secret, "20120215", "us-east-1", "iam").hex() == (
        "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
    )


def test_the_published_presigned_get_has_its_published_signature() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. Its
    endpoint is the bucket's own host name.
    """
    virtual_host = presigner("https://examplebucket.s3.amazonaws.com", bucket="")
    url = virtual_host.presign("GET", "test.txt", now=NOW, lifetime=DAY)
    head, signature = url.split("&X-Amz-Signature=")
    assert head == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    )
    assert signature == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    elsewhere = datetime(2013, 5, 24, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert presigner().presign("GET", "a", now=elsewhere, lifetime=DAY) == presigner().presign(
        "GET", "a", now=NOW, lifetime=DAY
    )


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        presigner().presign("GET", "a", now=NOW.replace(tzinfo=None), lifetime=DAY)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(milliseconds=999), timedelta(days=7, seconds=1)])
def test_a_lifetime_that_s3_refuses_is_refused(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="7 days"):
        presigner().presign("GET", "a", now=NOW, lifetime=lifetime)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:8333",
        "ftp://example.org",
        "https://",
        "https://user:password@example.org",
        "https://example.org/s3",
        "https://example.org?a=b",
        "https://example.org#a",
        "https://example.org:99999",
    ],
)
def test_an_endpoint_is_a_scheme_a_host_and_a_port(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"S3 endpoint|Port out of range"):
        presigner(endpoint)


@pytest.mark.parametrize("headers", [{"Host": "example.org"}, {"x-amz-a": "1", "X-Amz-A": "2"}])
def test_a_header_is_signed_once(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="signed once"):
        presigner().presign("PUT", "a", now=NOW, lifetime=DAY, headers=headers)


@pytest.mark.parametrize("name", ["", "X-Amz-Expires", "1", "a=b", "a&b", "a b"])
def test_what_is_no_query_parameter_of_s3_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="query parameters"):
        presigner().presign("GET", "a", now=NOW, lifetime=DAY, query={name: "1"})


def test_the_secret_is_not_shown() -> None:
    assert "wJalr" not in repr(presigner())
