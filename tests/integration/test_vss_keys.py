"""`vss keys rotate --signing` beside a running auth_svc: the next key is published, and nobody is logged out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from auth_svc.app_keys import SIGNING_KEYS
from auth_svc.tokens.signing_keys import PUBLISHED_AHEAD, SigningKeys
from auth_svc.tokens.store import SigningKeyStore
from common.clock import utc_now
from common.db import open_database
from common.errors import Unauthenticated
from common.tokens import PERSON_AUDIENCE
from tests.api_client import Person
from tests.auth_app import CLIENT_SECRETS, KEY_ENCRYPTION_KEY, AuthApp, basic, running_auth_app
from tests.command import vss
from tests.processes import auth_environment
from tests.product import Product
from vss.data_folder import DataFolder
from vss.keys import ENCRYPTION, SERVICES, ComposeSecrets, FolderSecrets
from vss.migrate import migrate
from vss.ports import PublicPorts
from vss.seaweedfs import bucket_of
from vss.services import service_environment


async def _rotate(app: AuthApp, *more: str) -> tuple[int, str]:
    database_url = app.settings.database_url.get_secret_value()
    told = auth_environment(app.addresses, database_url, CLIENT_SECRETS, key_encryption_key=KEY_ENCRYPTION_KEY)
    environment = {f"AUTH_{name.upper()}": value for name, value in told.items()}
    ended = await asyncio.to_thread(vss, "keys", "rotate", "--signing", *more, **environment)
    return ended.returncode, ended.stdout + ended.stderr


async def test_a_rotated_signing_key_takes_over_and_logs_nobody_out(database_url: str) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice")
        keys = app.app[SIGNING_KEYS]
        old = keys.current.key_id
        a_day_ago = (utc_now() - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        await app.execute("UPDATE signing_keys SET created_at = :at", at=a_day_ago)

        code, said = await _rotate(app)
        assert (code, "Nobody is logged out" in said) == (0, True), said
        token = await app.person_token("alice")
        await keys.load()
        # Published, and not signing yet: no verifier meets a key that it does not know.
        assert (len(keys.to_jwks()["keys"]), keys.current.key_id) == (2, old)
        code, said = await _rotate(app)
        assert (code, "created less than" in said) == (1, True), said

        assert (await app.verify(token, audience=PERSON_AUDIENCE)).username == "alice"
        app.clock.advance(PUBLISHED_AHEAD + timedelta(minutes=1))
        assert keys.current.key_id != old
        assert await keys.get(old) is not None
        newer = await app.person_token("alice")
        assert (await app.verify(newer, audience=PERSON_AUDIENCE)).username == "alice"

        # After a leak there is no overlap: one key, which signs at once.
        before = keys.current.key_id
        code, said = await _rotate(app, "--revoke")
        assert (code, "Nobody is logged out" in said) == (0, True), said
        await keys.load()
        assert len(keys.to_jwks()["keys"]) == 1
        assert keys.current.key_id not in (before, old)
        with pytest.raises(Unauthenticated):
            await app.verify(newer, audience=PERSON_AUDIENCE)


async def test_a_replaced_encryption_key_logs_nobody_out(database_url: str) -> None:
    async with running_auth_app(database_url) as app:
        await app.add_account("alice")
        used = (await app.grant("alice"))["refresh_token"]
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


@pytest.fixture
def compose_folder(tmp_path: Path) -> Path:
    (tmp_path / "compose.yaml").touch()
    assert vss("init", "--folder", str(tmp_path)).returncode == 0
    return tmp_path


@pytest.mark.parametrize(("what", "names"), [("--encryption", ENCRYPTION), ("--services", SERVICES)])
def test_beside_compose_both_values_are_known_until_it_is_finished(
    compose_folder: Path, what: str, names: tuple[str, ...]
) -> None:
    place = ComposeSecrets(compose_folder)
    before = {name: place.current(name) for name in (*ENCRYPTION, *SERVICES)}
    env = (compose_folder / ".env").read_text()
    here = ("keys", "rotate", "--folder", str(compose_folder))
    ended = vss(*here, what)
    assert ended.returncode == 0, ended.stderr
    assert "docker compose up -d --wait --force-recreate auth_svc" in ended.stdout
    assert f"vss keys rotate --finish --folder {compose_folder}" in ended.stdout
    after = {name: place.current(name) for name in before}
    assert {name for name in before if before[name] != after[name]} == set(names)
    assert {len(bytes.fromhex(value)) for value in after.values()} == {32}
    lines = {f"AUTH_PREVIOUS_{name.upper()}={before[name]}" for name in names}
    assert set((compose_folder / ".env").read_text().splitlines()) - set(env.splitlines()) == lines
    # A third value would leave somebody with one that is not known any more.
    again = vss(*here, what)
    assert (again.returncode, "vss keys rotate --finish" in again.stderr) == (1, True)
    assert {name: place.current(name) for name in before} == after
    assert vss(*here, "--finish").returncode == 0
    assert (compose_folder / ".env").read_text() == env
    assert {name: place.current(name) for name in before} == after


def test_a_replacement_that_was_cut_goes_on(compose_folder: Path) -> None:
    place = ComposeSecrets(compose_folder)
    before = place.current("key_encryption_key")
    # The power went after the first of the two steps: both values are the same, and nothing is lost.
    place.set_previous("key_encryption_key", before)
    assert vss("keys", "rotate", "--encryption", "--folder", str(compose_folder)).returncode == 0
    assert (place.previous("key_encryption_key"), place.current("key_encryption_key") != before) == (before, True)


async def _key_ids(folder: DataFolder) -> list[str]:
    """The signing keys that a freshly started auth_svc can read."""
    told = service_environment("auth", folder, PublicPorts(8000), bucket_of(folder, port=8333), {})
    files = ("AUTH_KEY_ENCRYPTION_KEY_FILE", "AUTH_PREVIOUS_KEY_ENCRYPTION_KEY_FILE")
    async with open_database(folder.database_url) as database:
        keys = SigningKeys(
            SigningKeyStore(database),
            encryption_keys=[bytes.fromhex(Path(told[name]).read_text().strip()) for name in files if name in told],
            clock=utc_now,
        )
        await keys.load()
        return [key["kid"] for key in keys.to_jwks()["keys"]]


@pytest.fixture
def data_folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder.prepare(tmp_path / "data")
    migrate(folder.database_url, folder.path)
    return folder


async def test_in_a_data_folder_everything_is_replaced_at_once_and_no_key_is_lost(data_folder: DataFolder) -> None:
    before = await _key_ids(data_folder)
    place = FolderSecrets(data_folder)
    values = {name: place.current(name) for name in (*ENCRYPTION, *SERVICES)}
    for what in ("--encryption", "--services"):
        ended = await asyncio.to_thread(vss, "keys", "rotate", what, "--data", str(data_folder.path))
        assert ended.returncode == 0, ended.stderr
    assert all(place.current(name) != value for name, value in values.items())
    assert [place.previous(name) for name in values] == [None] * len(values)
    assert await _key_ids(data_folder) == before


@pytest.mark.parametrize("steps", [1, 2])
async def test_a_power_cut_between_the_steps_leaves_an_installation_that_starts(
    data_folder: DataFolder, steps: int
) -> None:
    before = await _key_ids(data_folder)
    place = FolderSecrets(data_folder)
    place.set_previous("key_encryption_key", place.current("key_encryption_key"))
    if steps == 2:
        place.set_current("key_encryption_key", "ab" * 32)
    assert await _key_ids(data_folder) == before
    ended = await asyncio.to_thread(vss, "keys", "rotate", "--finish", "--data", str(data_folder.path))
    assert ended.returncode == 0, ended.stderr
    assert "The old values are discarded" in ended.stdout
    assert place.previous("key_encryption_key") is None
    assert await _key_ids(data_folder) == before


def test_nothing_is_replaced_while_vss_runs_nor_where_it_is_not(data_folder: DataFolder, tmp_path: Path) -> None:
    with data_folder.locked():
        ended = vss("keys", "rotate", "--services", "--data", str(data_folder.path))
    assert (ended.returncode, "is in use by another vss" in ended.stderr) == (1, True)
    ended = vss("keys", "rotate", "--services", "--data", str(tmp_path / "nowhere"))
    assert (ended.returncode, "no vss data in" in ended.stderr) == (1, True)
    ended = vss("keys", "rotate", "--services", "--folder", str(tmp_path / "nowhere"))
    assert (ended.returncode, "is missing" in ended.stderr) == (1, True)
    assert vss("keys", "rotate").returncode == 2
    ended = vss("keys", "rotate", "--services", "--revoke", "--data", str(data_folder.path))
    assert (ended.returncode, "--revoke works only with --signing" in ended.stderr) == (1, True)


@pytest.mark.long
async def test_an_installation_of_vss_up_goes_on_with_every_secret_replaced_and_after_the_key_is_lost(
    tmp_path: Path,
) -> None:
    product = Product(tmp_path)
    form = {"username": "admin", "password": "admin"}

    async def asked_for_token(**fields: str) -> dict[str, str]:
        async with program.post(f"{product.url('auth')}/v1/token", data=fields) as answer:
            assert answer.status == 200, await answer.text()
            granted: dict[str, str] = await answer.json()
            return granted

    def person(granted: dict[str, str]) -> Person:
        token = granted["access_token"]
        return Person(program, token, upload_url=product.url("upload"), stream_url=product.url("stream"))

    async def videos(granted: dict[str, str]) -> list[str]:
        answer = await person(granted).call("GET", f"{product.url('stream')}/v1/videos")
        return [item["id"] for item in (await answer.json())["items"]] if answer.status == 200 else [str(answer.status)]

    async def page() -> int:
        """What upload_svc, which logs in at auth_svc for it, answers to the browser."""
        async with browser.get(f"{product.url('upload')}/videos", allow_redirects=False) as answer:
            return answer.status

    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser, aiohttp.ClientSession() as program:
        try:
            product.start()
            async with browser.post(f"{product.url('upload')}/login", data=form) as answer:
                assert answer.status == 200
            granted = await asked_for_token(grant_type="password", **form)
            video = (await person(granted).upload(b"a film"))["id"]
            assert (await videos(granted), await page()) == ([video], 200)
            product.press_ctrl_c()

            for what in ("--encryption", "--services"):
                ended = await asyncio.to_thread(vss, "keys", "rotate", what, "--data", str(product.data))
                assert (ended.returncode, "nobody is logged out" in ended.stdout) == (0, True), ended.stderr
            product.start()
            assert (await videos(granted), await page()) == ([video], 200)
            granted = await asked_for_token(grant_type="refresh_token", refresh_token=granted["refresh_token"])
            product.press_ctrl_c()

            (product.data / "secrets" / "key_encryption_key").unlink()
            product.start()
            log = (product.data / "logs" / "auth.log").read_text(encoding="utf-8")
            assert "signing key cannot be decrypted" in log
            assert await videos(granted) == ["401"]
            granted = await asked_for_token(grant_type="password", **form)
            assert (await videos(granted), await page()) == ([video], 200)
        finally:
            product.kill()
