"""Telling webhooks, on both databases, with receivers on loopback that do all that receivers should not."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select, update

from catalogue.outbox import EventType, add_event
from catalogue.tables import OUTBOX
from common.audit import NOBODY, audit_entry
from common.db import Database, open_database
from common.ids import new_id
from tests.clock import StoppedClock
from tests.webhook_receiver import Receiver, answer, dripping, endless, never, receiving
from upload_svc.tables import WEBHOOK_DELIVERIES, WEBHOOKS
from upload_svc.webhooks.client import webhook_client
from upload_svc.webhooks.sending import GIVEN_UP_AFTER, KEPT, LEASE, MOST_AT_ONCE, PAUSES, Sending, sending
from upload_svc.webhooks.signatures import Secrets, new_secret
from upload_svc.webhooks.store import Delivery, DeliveryState, Webhook, WebhookStore

SECRETS = Secrets("s" * 32)
OWNER = new_id()
SECOND = timedelta(seconds=1)


class Place:
    """A store, and loops that a test steps by hand, at a time that it moves."""

    def __init__(self, database: Database, replicas: list[Sending], clock: StoppedClock) -> None:
        self.database = database
        self.store = WebhookStore(database)
        self.replicas = replicas
        self.clock = clock

    async def add(self, url: str, *, owner_id: str = OWNER) -> Webhook:
        webhook_id = new_id()
        webhook = Webhook(
            id=webhook_id,
            owner_id=owner_id,
            url=url,
            events=(),
            sealed_secret=SECRETS.seal(new_secret(), webhook_id),
            created_at=self.clock(),
        )
        await self.store.add_webhook(webhook, audit_entry("webhook-created", NOBODY, at=self.clock()), None)
        return webhook

    async def happens(self, count: int = 1, *, owner_id: str = OWNER) -> None:
        async with self.database.write() as connection:
            for _ in range(count):
                await add_event(connection, EventType.VIDEO_READY, owner_id=owner_id, at=self.clock(), title="A film")

    async def step(self, *, later: timedelta = timedelta()) -> None:
        """One step of each replica, at once, and all that it has begun."""
        self.clock.advance(later)
        await asyncio.gather(*(replica.step() for replica in self.replicas))
        for replica in self.replicas:
            await replica.finished()

    async def told(self, webhook: Webhook) -> list[Delivery]:
        return await self.store.list_deliveries(webhook.id, after=None, limit=100)

    async def again(self, webhook: Webhook) -> Webhook:
        found = await self.store.get_webhook(webhook.owner_id, webhook.id)
        assert found is not None
        return found


async def nobody() -> frozenset[str]:
    return frozenset()


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    """Two replicas with connections of their own, whose patience is a second."""
    clock = StoppedClock(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        replicas = []
        databases = [await stack.enter_async_context(open_database(database_url)) for _ in range(2)]
        for database in databases:
            client = await stack.enter_async_context(webhook_client(allows_private=True, time_limit_seconds=1))
            store = WebhookStore(database)
            made = sending(store, client, SECRETS, CollectorRegistry(), disabled=nobody, clock=clock)
            replicas.append(await stack.enter_async_context(made))
        yield Place(databases[0], replicas, clock)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_two_replicas_tell_once_and_a_killed_one_is_made_up_for(place: Place, receiver: Receiver) -> None:
    webhook = await place.add(receiver.url)
    await place.happens(20)
    await place.step()
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == len(receiver.came) == 20
    await place.step(later=timedelta(days=2))
    assert len(receiver.came) == 20
    # Killed before anything was written down, and after a try was begun: in both cases it is made, the second again.
    await place.happens()
    assert await place.store.spread_events(now=place.clock(), limit=100) == 1
    lost = await place.store.take_delivery(webhook.id, now=place.clock(), until=place.clock() + LEASE)
    assert lost is not None
    await place.step(later=LEASE - SECOND)
    assert len(receiver.came) == 20
    await place.step(later=SECOND)
    assert receiver.came[-1][0]["webhook-id"] == lost.event_id
    [latest, *_] = await place.told(webhook)
    assert (latest.state, latest.attempts) == (DeliveryState.DELIVERED, 2)
    # Who comes back from the dead changes nothing.
    async with place.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(OUTBOX)) == 0


async def test_what_fails_is_tried_again_with_the_same_id_until_it_is_taken_or_given_up(
    place: Place, receiver: Receiver
) -> None:
    webhook = await place.add(receiver.url)
    receiver.answers += [answer(500, "no\x00 \x1b[31mred"), answer(302, Location=f"{receiver.url}/elsewhere")]
    receiver.answers += [answer(429, **{"Retry-After": "7200"})]
    await place.happens()
    await place.step()
    [told] = await place.told(webhook)
    assert (told.state, told.status, told.failure, told.answer) == (DeliveryState.WAITING, 500, "status", "no [31mred")
    assert (await place.again(webhook)).failing_since is not None
    await place.step(later=PAUSES[0] - SECOND)
    assert len(receiver.came) == 1
    await place.step(later=PAUSES[0])
    [told] = await place.told(webhook)
    assert (told.status, told.failure) == (302, "redirected")
    await place.step(later=PAUSES[1] * 1.1)
    await place.step(later=PAUSES[2] * 1.1)
    assert len(receiver.came) == 3
    await place.step(later=timedelta(hours=2))
    [told] = await place.told(webhook)
    assert (told.state, told.attempts, told.next_at) == (DeliveryState.DELIVERED, 4, None)
    assert (await place.again(webhook)).failing_since is None
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
    assert len({body for _, body in receiver.came}) == 1
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.came}) == 4

    # Until it is given up, and the webhook with it once that has been so for days.
    receiver.answers += [answer(500)] * 100
    await place.happens()
    for rest in (timedelta(), *PAUSES):
        await place.step(later=rest * 1.1)
    assert [(one.state, one.attempts) for one in (await place.told(webhook))[:1]] == [(DeliveryState.FAILED, 8)]
    assert (await place.again(webhook)).disabled_at is None
    place.clock.advance(GIVEN_UP_AFTER)
    await place.happens()
    for rest in (timedelta(), *PAUSES):
        await place.step(later=rest * 1.1)
    assert (await place.again(webhook)).disabled_reason == "failing"
    count = len(receiver.came)
    await place.happens()
    await place.step()
    assert len(receiver.came) == count
    receiver.answers.clear()
    assert await place.store.replay(webhook.id, told.id, tries=1, at=place.clock())
    await place.step()
    assert ((await place.again(webhook)).disabled_at, len(receiver.came)) == (None, count + 1)


async def test_receivers_that_hang_hold_up_nobody_else(place: Place, receiver: Receiver) -> None:
    place.replicas = place.replicas[:1]
    async with receiving() as silent, receiving() as chatty:
        silent.answers += [never] * 1000
        chatty.answers += [endless, dripping]
        owners = [new_id() for _ in range(MOST_AT_ONCE)]
        slow = [await place.add(silent.url, owner_id=owner) for owner in owners]
        await asyncio.gather(*(place.happens(3, owner_id=owner) for owner in owners))
        await place.step()
        [told, *_] = sorted(await place.told(slow[0]), key=lambda one: -one.attempts)
        assert (told.failure, told.status, told.attempts) == ("timed-out", None, 1)
        # They have failed, and hang again: half of the places is left to others, who need not wait for them.
        place.clock.advance(PAUSES[0] * 1.1)
        await asyncio.gather(*(replica.step() for replica in place.replicas))
        await place.add(receiver.url)
        endlessly = await place.add(chatty.url)
        await place.happens(2)
        await asyncio.gather(*(replica.step() for replica in place.replicas))
        await receiver.wait(2)
        for replica in place.replicas:
            await replica.finished()
        # It has said yes; how it goes on does not matter, and is neither read nor kept.
        for told in await place.told(endlessly):
            assert (told.state, told.status) == (DeliveryState.DELIVERED, 200)
            assert len(told.answer or "") <= 1000
            assert not {"\x1b", "\x00"} & set(told.answer or "")


async def test_a_certificate_is_checked_and_what_is_no_http_is_a_failure(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-server\r\n")
        writer.close()

    async with receiving(context) as receiver, await asyncio.start_server(say, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        webhooks = [
            await place.add(url)
            for url in (receiver.url, f"http://127.0.0.1:{port}/", "http://127.0.0.1:1/", "http://name.invalid/")
        ]
        await place.happens()
        await place.step()
        failures = [(await place.told(webhook))[0].failure for webhook in webhooks]
        assert failures == ["certificate", "answer-not-http", "connection-failed", "name-not-found"]
        assert receiver.came == []
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        async with webhook_client(allows_private=True) as client:
            assert (await client.post(receiver.url, b"{}", {})).status == 204


async def test_old_deliveries_go_and_a_secret_of_another_key_is_said(place: Place, receiver: Receiver) -> None:
    webhook = await place.add(receiver.url)
    for _ in range(3):
        await place.happens()
        await place.step(later=SECOND)
    change = update(WEBHOOKS).where(WEBHOOKS.c.id == webhook.id)
    await place.database.change(change.values(sealed_secret=Secrets("t" * 32).seal(new_secret(), webhook.id)))
    await place.happens(2)
    await place.step()
    assert len(receiver.came) == 3
    assert (await place.again(webhook)).disabled_reason == "secret-unreadable"
    # None is tried any more.
    assert {one.state for one in await place.told(webhook)} == {DeliveryState.DELIVERED, DeliveryState.FAILED}

    before = place.clock() - KEPT
    assert [await place.store.forget_deliveries(before=before, most=most) for most in (5, 3, 3)] == [0, 2, 0]
    place.clock.advance(KEPT)
    await place.replicas[0].forget_old()
    assert len(await place.told(webhook)) == 2
    await place.store.delete_webhook(OWNER, webhook.id, audit_entry("webhook-deleted", NOBODY, at=place.clock()))
    await place.replicas[0].forget_old()
    async with place.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(WEBHOOK_DELIVERIES)) == 0


def _certificate(folder: Path) -> Path:
    """A key and its certificate for 127.0.0.1, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "receiver.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file
