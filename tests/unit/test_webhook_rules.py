"""Where webhooks may lead, and how long they rest."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from common.clock import utc_now
from common.ids import new_id
from upload_svc.webhooks.addresses import AddressRefused, PublicResolver, is_public
from upload_svc.webhooks.client import Failure, Outcome
from upload_svc.webhooks.sending import GIVEN_UP_AFTER, LONGEST_PAUSE, PAUSES, judge, pause
from upload_svc.webhooks.signatures import Secrets, new_secret, signed_headers
from upload_svc.webhooks.store import TRIES, DeliveryState, DisabledReason, Webhook, new_delivery

_DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "webhooks.md"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PUBLIC = ("8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
OTHERS = (
    *("127.0.0.1", "127.255.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.100.100.200", "198.18.0.1", "192.0.2.1", "224.0.0.1", "233.252.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fd00:ec2::254", "ff02::1", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808"),
    *("2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "2130706433", "0177.0.0.1", "127.1", "0x7f.1"),
)


def test_only_addresses_of_the_public_internet_are_public() -> None:
    assert [one for one in PUBLIC if not is_public(one)] == []
    assert [one for one in OTHERS if is_public(one)] == []


class Names(AbstractResolver):
    """A resolver that answers what a test says."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        known = {"hostname": host, "port": port, "family": family, "proto": 0, "flags": 0}
        return [ResolveResult(host=address, **known) for address in self.addresses]  # type: ignore[typeddict-item]

    async def close(self) -> None: ...


async def test_a_name_with_one_address_that_is_not_public_is_refused_whatever_it_was_before() -> None:
    names = Names("8.8.8.8", "2606:4700::1111")
    resolver = PublicResolver(names)
    assert [one["host"] for one in await resolver.resolve("example.org", 443)] == ["8.8.8.8", "2606:4700::1111"]
    for both in (("8.8.8.8", "10.0.0.1"), ("::1", "8.8.8.8"), ("127.0.0.1",)):
        names.addresses = both
        with pytest.raises(AddressRefused):
            await resolver.resolve("example.org", 443)


def test_the_librarys_own_check_takes_a_signature_and_no_bent_one() -> None:
    # Theirs looks at the clock.
    now = utc_now()
    secret, body = new_secret(), '{"a":"ü"}'.encode()
    headers = signed_headers(secret, event_id=new_id(), body=body, now=now)
    assert Verifier(secret).verify(body, headers) == {"a": "ü"}
    bent = [
        (secret, body + b" ", headers),
        (new_secret(), body, headers),
        (secret, body, headers | {"webhook-id": new_id()}),
        (secret, body, signed_headers(secret, event_id=new_id(), body=body, now=now - timedelta(minutes=6))),
    ]
    for key, content, sent in bent:
        with pytest.raises(WebhookVerificationError):
            Verifier(key).verify(content, sent)
    # And so does the example of the documentation.
    [example] = re.findall(r"```python\n(.+?)```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    known: dict[str, Any] = {}
    exec(example, known)  # noqa: S102 - our own
    assert known["is_ours"](headers, body, secret)
    assert not any(known["is_ours"](sent, content, key) for key, content, sent in bent)
    # As it is kept: for its webhook and by its key alone.
    sealed = Secrets("a" * 32).seal(secret, "one")
    assert secret not in sealed
    opened = [Secrets(key * 32).open(sealed, name) for key, name in (("a", "one"), ("a", "two"), ("b", "one"))]
    assert opened == [secret, None, None]


def test_pauses_grow_for_a_day_and_a_receiver_may_ask_for_longer_ones() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert (len(PAUSES), DAY < sum(PAUSES, timedelta()) < DAY + timedelta(minutes=1)) == (TRIES - 1, True)
    delivery = new_delivery("hook", "event", "video.ready", {}, at=NOW, tries=TRIES)
    for number, planned in enumerate(PAUSES):
        rest = pause(replace(delivery, tries_left=TRIES - 1 - number), None, now=NOW)
        assert planned <= rest <= planned * 1.1
    first = replace(delivery, tries_left=TRIES - 1)
    date = f"{NOW + timedelta(hours=1):%a, %d %b %Y %H:%M:%S} GMT"
    for said, at_least in (
        ("120", timedelta(minutes=2)),
        (date, timedelta(minutes=59)),
        ("1", PAUSES[0]),
        ("-5", PAUSES[0]),
        ("Thu, 01 Jan 1970 00:00:00 GMT", PAUSES[0]),
        ("soon", PAUSES[0]),
        ("٣", PAUSES[0]),
        ("9" * 400, LONGEST_PAUSE),
    ):
        rest = pause(first, said, now=NOW)
        assert at_least <= rest <= (at_least + timedelta(minutes=1)) * 1.1, said


def test_a_webhook_is_disabled_when_it_is_gone_or_has_failed_for_five_days() -> None:
    webhook = Webhook(id="hook", owner_id="a", url="https://a/", events=(), sealed_secret="", created_at=NOW)
    delivery = new_delivery("hook", "event", "video.ready", {}, at=NOW, tries=TRIES)
    failed, gone = Outcome(failure=Failure.STATUS, status=500), Outcome(failure=Failure.STATUS, status=410)
    last, old = replace(delivery, tries_left=0), replace(webhook, failing_since=NOW - GIVEN_UP_AFTER)
    assert judge(webhook, delivery, failed, now=NOW).state is DeliveryState.WAITING
    assert judge(webhook, delivery, gone, now=NOW).disabled is DisabledReason.GONE
    # An event after quiet days has its tries, each.
    assert judge(old, delivery, failed, now=NOW).disabled is None
    assert judge(old, last, failed, now=NOW).disabled is DisabledReason.FAILING
    young = replace(webhook, failing_since=NOW - GIVEN_UP_AFTER + timedelta(seconds=1))
    assert (judge(young, last, failed, now=NOW).disabled, judge(young, last, failed, now=NOW).next_at) == (None, None)
    # A disabled one is tried once, when somebody asks.
    assert judge(replace(webhook, disabled_at=NOW), delivery, failed, now=NOW).state is DeliveryState.FAILED
