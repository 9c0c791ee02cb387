"""The composite checksum, next to what Amazon's own S3 has answered for these parts."""

from __future__ import annotations

from common.checksums import composite_sha256

# Of two parts of 5 MiB and one of 1 MiB (eu-west-1, September 2026).
PARTS = {
    3: "4l9PQ3zOPZ0oGFvknFX+J4zZwE4WMzO+l3r8XrbWOeM=",
    1: "lcKa6Boe7a167tUCN5C4OaFygGSYD8MBnBARTrdL+1w=",
    2: "gHjhbUT4oo2tSCtSZJdlKi+jeNXJT+VImqdPXsXvkOc=",
}


def test_it_is_that_of_s3() -> None:
    assert composite_sha256(PARTS, 3) == "rVWtNbadtsaKXJAcgWPWjifHzJaXde/iV4jaJAOdivc=-3"


def test_without_one_of_the_parts_there_is_none() -> None:
    assert composite_sha256({1: PARTS[1]}, 2) is None
