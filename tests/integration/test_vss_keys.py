"""`vss keys rotate --signing` beside a running auth_svc: the next key is published, and nobody is logged out."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from auth_svc.app_keys import SIGNING_KEYS
from auth_svc.signing_keys import PUBLISHED_AHEAD
from common.clock import utc_now
from common.tokens import PERSON_AUDIENCE
from tests.auth_app import CLIENT_SECRETS, KEY_ENCRYPTION_KEY, AuthApp, basic, bearer, running_auth_app

PASSWORD = "correct horse battery staple"


async def _rotate(app: AuthApp) -> tuple[int, str]:
    told = {
        "port": str(app.settings.port),
        "database_url": app.settings.database_url.get_secret_value(),
        "auth_public_url": app.settings.auth_public_url,
        "upload_public_url": app.settings.upload_public_url,
        "stream_public_url": app.settings.stream_public_url,
        "s3_public_url": app.settings.s3_public_url,
        "upload_client_secret": CLIENT_SECRETS["upload"],
        "stream_client_secret": CLIENT_SECRETS["stream"],
        "key_encryption_key": KEY_ENCRYPTION_KEY,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vss", "keys", "rotate", "--signing"),
        env={**os.environ, **{f"AUTH_{name.upper()}": value for name, value in told.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode or 0, (output + errors).decode()


async def test_a_rotated_signing_key_takes_over_and_logs_nobody_out(database_url: str) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice", PASSWORD)
        keys = app.app[SIGNING_KEYS]
        old = keys.current.key_id
        a_day_ago = (utc_now() - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        await app.execute("UPDATE signing_keys SET created_at = :at", at=a_day_ago)

        code, said = await _rotate(app)
        assert (code, "nobody is logged out" in said) == (0, True), said
        token = await app.person_token("alice", PASSWORD)
        await keys.load()
        # Published, and not signing yet: no verifier meets a key that it does not know.
        assert (len(keys.to_jwks()["keys"]), keys.current.key_id) == (2, old)
        code, said = await _rotate(app)
        assert (code, "younger than" in said) == (1, True), said

        assert (await app.verify(token, audience=PERSON_AUDIENCE)).username == "alice"
        app.clock.advance(PUBLISHED_AHEAD + timedelta(minutes=1))
        assert keys.current.key_id != old
        assert await keys.get(old) is not None
        newer = await app.person_token("alice", PASSWORD)
        assert (await app.verify(newer, audience=PERSON_AUDIENCE)).username == "alice"


async def test_a_lost_encryption_key_costs_tokens_and_no_account(database_url: str) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice", PASSWORD)
        before = await app.person_token("alice", PASSWORD)
        lost = app.app[SIGNING_KEYS].current.key_id
    async with running_auth_app(database_url, key_encryption_key="ab" * 32) as app:
        assert app.app[SIGNING_KEYS].current.key_id != lost
        assert await app.app[SIGNING_KEYS].get(lost) is None
        assert (await app.send("GET", "/v1/me", headers=bearer(before))).status == 401
        after = await app.person_token("alice", PASSWORD)
        assert (await app.send("GET", "/v1/me", headers=bearer(after))).status == 200


async def test_a_replaced_encryption_key_logs_nobody_out(database_url: str) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice", PASSWORD)
        used = (await app.grant("alice", PASSWORD))["refresh_token"]
        successor = (await (await app.refresh(used)).json())["refresh_token"]
        key_id = app.app[SIGNING_KEYS].current.key_id
    new = "ab" * 32
    async with running_auth_app(
        database_url, key_encryption_key=new, previous_key_encryption_key=KEY_ENCRYPTION_KEY
    ) as app:
        assert app.app[SIGNING_KEYS].current.key_id == key_id
        # Who had no answer just before asks again, and gets the one that was made with the key of then.
        assert (await (await app.refresh(used)).json())["refresh_token"] == successor
    # From now on the new one is enough.
    async with running_auth_app(database_url, key_encryption_key=new, previous_key_encryption_key="") as app:
        assert app.app[SIGNING_KEYS].current.key_id == key_id
        assert (await app.refresh(successor)).status == 200


async def test_while_a_services_secret_is_replaced_both_are_good(sqlite_url: str) -> None:
    form = {"grant_type": "client_credentials"}
    old, new = CLIENT_SECRETS["upload"], "n" * 32

    async def log_in(app: AuthApp, name: str, secret: str) -> int:
        return (await app.send("POST", "/v1/token", data=form, headers=basic(name, secret))).status

    async with running_auth_app(sqlite_url, upload_client_secret=new, previous_upload_client_secret=old) as app:
        assert [await log_in(app, "upload", secret) for secret in (old, new)] == [200, 200]
        # Of one service, not of the other; and nothing is no secret.
        assert [await log_in(app, "stream", secret) for secret in (old, new, "")] == [401, 401, 401]
    async with running_auth_app(sqlite_url, upload_client_secret=new, previous_upload_client_secret="") as app:
        assert [await log_in(app, "upload", secret) for secret in (old, new, "")] == [401, 200, 401]
