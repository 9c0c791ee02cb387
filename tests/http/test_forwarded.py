"""Behind an edge: the client's address from the edge's word and nobody else's, and HSTS."""

from __future__ import annotations

import pytest

from tests.auth_app import AuthApp, running_auth_app


async def address_of_a_log_in(app: AuthApp, forwarded_for: str | None) -> str:
    """What is recorded with the session."""
    await app.add_account("alice")
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    await app.log_in("alice", **headers)
    ((address,),) = await app.execute("SELECT address FROM sessions")
    return str(address)


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "address"),
    [
        ("", "203.0.113.7", "127.0.0.1"),
        ("198.51.100.1", "203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.0/8", "2001:db8::7", "2001:db8::7"),
        # What a client says of itself stands left of what the proxy saw.
        ("127.0.0.1", "10.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1, 10.0.0.0/8", "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, <script>", "127.0.0.1"),
    ],
)
async def test_a_client_is_who_a_trusted_proxy_says(
    sqlite_url: str, trusted: str, forwarded_for: str | None, address: str
) -> None:
    async with running_auth_app(sqlite_url, trusted_proxies=trusted) as app:
        assert await address_of_a_log_in(app, forwarded_for) == address


async def test_over_tls_every_answer_says_to_come_that_way_again(sqlite_url: str) -> None:
    async with running_auth_app(sqlite_url, auth_public_url="https://vss.example") as app:
        for path in ("/login", "/v1/me", "/nothing"):
            answer = await app.send("GET", path, headers={"Host": "vss.example"})
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    async with running_auth_app(sqlite_url) as app:
        assert "Strict-Transport-Security" not in (await app.send("GET", "/login")).headers
