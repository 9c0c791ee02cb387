"""Playlists and files of renditions: for whoever may watch, by each way in, and by a player that is no browser."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from aiohttp import ClientResponse
from yarl import URL

from common.db import open_database
from common.ids import new_id
from contracts.renditions import file_id
from fs_svc.app_keys import IN_PARTS, PICTURES
from tests.api_client import Person
from tests.fs_service import fetch
from tests.http.conftest import Services
from tests.http.test_links import Visitor
from tests.http.test_links import make as make_link
from tests.problems import assert_problem
from tests.renditions import give, write_rendition

FILM = b"a very short film"
PLAYLIST = "application/vnd.apple.mpegurl"
NAMES = ("128p", "64p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A video with renditions; of each the file."""

    id: str
    set_id: str
    files: dict[str, bytes]
    video: dict[str, Any]


async def with_renditions(
    services: Services,
    services_url: str,
    folder: Path,
    owner: Person,
    video: dict[str, Any] | None = None,
    **fields: Any,
) -> Made:
    """A new video with two renditions, or another set of them."""
    video = video or await owner.upload(FILM, title="A film", **fields)
    set_id = new_id()
    (folder / set_id).mkdir()
    paths = {name: folder / set_id / f"{name}.mp4" for name in NAMES}
    files = {write_rendition(path, side=int(name[:-1])): path for name, path in paths.items()}
    async with open_database(services_url) as database:
        await give(services.fs.app[IN_PARTS], database, video["id"], files, set_id=set_id)
    read = {name: path.read_bytes() for name, path in paths.items()}
    return Made(id=video["id"], set_id=set_id, files=read, video=video)


async def follow(answer: ClientResponse, *, ranged: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """What stands at the address of the storage that the answer leads to."""
    assert answer.status == 307, await answer.text()
    status, headers, body = await fetch("GET", answer.headers["Location"], **({"Range": ranged} if ranged else {}))
    return status, dict(headers), body


async def pictures_of(url: str) -> int:
    """How many pictures FFmpeg, a player without cookies, finds at that address."""

    def count() -> int:
        with av.open(url) as played:
            return sum(1 for _ in played.decode(video=0))

    return await asyncio.to_thread(count)


@pytest.mark.both_databases
async def test_playlists_lead_to_files_for_whoever_may_watch(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice, bob, nobody = services.person("alice"), services.person("bob"), services.person(None)
    made = await with_renditions(services, services_url, tmp_path, alice)
    hls = f"{alice.stream_url}/v1/videos/{made.id}/hls"
    index = await alice.call("GET", f"{hls}/index.m3u8")
    assert (index.status, index.headers["Content-Type"], index.headers["Cache-Control"]) == (200, PLAYLIST, "no-store")
    assert [line for line in (await index.text()).splitlines() if not line.startswith("#")] == ["128p.m3u8", "64p.m3u8"]
    media = await alice.call("GET", f"{hls}/64p.m3u8")
    assert (media.status, media.headers["Content-Type"]) == (200, PLAYLIST)
    pieces = {line for line in (await media.text()).splitlines() if not line.startswith("#")}
    assert pieces == {f"{made.set_id}/64p.mp4"}
    for name in NAMES:
        for path in (f"{made.set_id}/{name}.mp4", f"{name}.mp4"):
            status, headers, body = await follow(await alice.call("GET", f"{hls}/{path}"))
            assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "video/mp4", "no-store")
            assert body == made.files[name]
    [piece] = pieces
    status, _, body = await follow(await alice.call("GET", f"{hls}/{piece}"), ranged="bytes=10-29")
    assert (status, body) == (206, made.files["64p"][10:30])
    saved = await follow(await alice.call("GET", f"{hls}/64p.mp4?download=1"))
    assert saved[1]["Content-Disposition"].startswith('attachment; filename="A film (64p).mp4"')

    for path in ("index.m3u8", "64p.m3u8", "64p.mp4", piece):
        await assert_problem(await bob.call("GET", f"{hls}/{path}"), 404, "not-found")
        await assert_problem(await nobody.call("GET", f"{hls}/{path}"), 401, "unauthenticated")
    for path in ("1080p.m3u8", "1080p.mp4", f"{new_id()}/64p.mp4", f"{made.set_id}/1080p.mp4", "x/64p.mp4"):
        await assert_problem(await alice.call("GET", f"{hls}/{path}"), 404, "not-found")
    mine = f"{alice.upload_url}/v1/uploads/{made.id}"
    assert (await alice.call("PATCH", mine, json={"visibility": "unlisted"})).status == 200
    assert (await nobody.call("GET", f"{hls}/index.m3u8")).status == 200
    assert (await nobody.call("GET", f"{hls}/{piece}")).status == 307

    plain = await alice.upload(FILM)
    for path in ("index.m3u8", "64p.m3u8", "64p.mp4", piece):
        answer = await alice.call("GET", f"{alice.stream_url}/v1/videos/{plain['id']}/hls/{path}")
        await assert_problem(answer, 404, "not-found")
    playback = await (await alice.call("GET", f"{alice.stream_url}/v1/videos/{plain['id']}/playback")).json()
    assert playback["hls"] is None


async def test_the_set_of_a_private_video_is_in_no_other_one(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice, bob = services.person("alice"), services.person("bob")
    hers = await with_renditions(services, services_url, tmp_path, alice)
    his = await with_renditions(services, services_url, tmp_path, bob)
    answer = await bob.call("GET", f"{bob.stream_url}/v1/videos/{his.id}/hls/{hers.set_id}/64p.mp4")
    await assert_problem(answer, 404, "not-found")


async def test_who_has_begun_with_one_set_ends_with_it(services: Services, services_url: str, tmp_path: Path) -> None:
    alice = services.person("alice")
    first = await with_renditions(services, services_url, tmp_path, alice)
    hls = f"{alice.stream_url}/v1/videos/{first.id}/hls"
    assert first.set_id in await (await alice.call("GET", f"{hls}/64p.m3u8")).text()
    second = await with_renditions(services, services_url, tmp_path, alice, first.video)
    said = await (await alice.call("GET", f"{hls}/64p.m3u8")).text()
    assert second.set_id in said
    assert first.set_id not in said
    for made in (first, second):
        answer = await alice.call("GET", f"{hls}/{made.set_id}/64p.mp4")
        assert (await follow(answer))[2] == made.files["64p"]
    assert (await follow(await alice.call("GET", f"{hls}/64p.mp4")))[2] == second.files["64p"]


async def test_an_address_with_a_token_opens_one_video_for_a_player_without_cookies(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    nobody, (_, alice), (bob_id, bob) = (
        services.person(None),
        await services.move_in("alice"),
        await services.move_in("bob"),
    )
    made = await with_renditions(services, services_url, tmp_path, alice)
    other = await with_renditions(services, services_url, tmp_path, alice)
    grants = f"{alice.upload_url}/v1/uploads/{made.id}/grants"
    answer = await alice.call("POST", grants, json={"subject": f"account:{bob_id}"})
    assert answer.status == 201, await answer.text()
    granted = await answer.json()
    playback = await (await bob.call("GET", f"{bob.stream_url}/v1/videos/{made.id}/playback")).json()
    assert playback["hls"]["url"] == f"{bob.stream_url}/v1/videos/{made.id}/hls/index.m3u8"
    for rendition in playback["hls"]["renditions"]:
        assert (await fetch("GET", rendition["url"]))[2] == made.files[rendition["name"]]
        assert rendition["expires_at"] == playback["sources"][0]["expires_at"]
    open_url = playback["hls"]["open_url"]
    assert await pictures_of(open_url) == 50
    file = URL(open_url).with_name(made.set_id) / "64p.mp4"
    assert (await follow(await nobody.call("GET", file)))[2] == made.files["64p"]

    # No other video, no other token, no other set.
    for url in (
        open_url.replace(made.id, other.id),
        open_url.replace("/index", "A/index"),
        str(file).replace(made.set_id, other.set_id),
    ):
        await assert_problem(await nobody.call("GET", url), 404, "not-found")
    services.clock.moved = timedelta(hours=5)
    assert (await nobody.call("GET", open_url)).status == 200
    services.clock.moved = timedelta(hours=6)
    await assert_problem(await nobody.call("GET", open_url), 404, "not-found")
    services.clock.moved = timedelta()
    # Each request asks again.
    assert (await alice.call("DELETE", f"{grants}/{granted['id']}")).status == 204
    for url in (open_url, file):
        await assert_problem(await nobody.call("GET", url), 404, "not-found")


async def test_who_shares_with_a_group_opens_it_to_its_members_players(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    group = new_id()
    alice, bob = services.person("alice", groups=[group]), services.person("bob", groups=[group])
    made = await with_renditions(services, services_url, tmp_path, alice, visibility="members")
    playback = await (await bob.call("GET", f"{bob.stream_url}/v1/videos/{made.id}/playback")).json()
    open_url = playback["hls"]["open_url"]
    assert (await services.person(None).call("GET", open_url)).status == 200


async def test_a_link_leads_to_renditions_with_its_query_and_counts_each_visitor_once(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice = services.person("alice")
    made = await with_renditions(services, services_url, tmp_path, alice)
    link = await make_link(alice, made.video, view_limit=1)
    async with Visitor() as guest, Visitor() as late:
        hls = f"{link['url']}/hls"
        await assert_problem(await guest.call("GET", f"{hls}/1080p.m3u8"), 404, "not-found")
        playback = await (await guest.call("GET", f"{link['url']}/playback")).json()
        told = playback["hls"]
        assert (told["url"], told["open_url"]) == (f"{hls}/index.m3u8", None)
        for rendition in told["renditions"]:
            assert (await fetch("GET", rendition["url"]))[2] == made.files[rendition["name"]]
            assert rendition["expires_at"] == playback["sources"][0]["expires_at"]
        # The addresses name the visitor, who is counted: from here on no cookie is needed.
        index = await guest.call("GET", told["url"])
        assert (index.status, index.headers["Content-Type"]) == (200, PLAYLIST)
        media_url = URL(told["url"]).join(URL((await index.text()).splitlines()[-1]))
        assert await pictures_of(str(media_url)) == 50
        for url in (f"{hls}/index.m3u8", f"{hls}/{made.set_id}/64p.mp4"):
            await assert_problem(await late.call("GET", url), 404, "not-found")
        assert (
            await alice.call("DELETE", f"{alice.upload_url}/v1/uploads/{made.id}/grants/{link['id']}")
        ).status == 204
        await assert_problem(await guest.call("GET", str(media_url)), 404, "not-found")


async def test_who_plays_by_a_links_playlists_alone_is_counted_too(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice = services.person("alice")
    made = await with_renditions(services, services_url, tmp_path, alice)
    link = await make_link(alice, made.video, view_limit=1, frame_ancestors=["https://lms.example"])
    assert await pictures_of(f"{link['url']}/hls/index.m3u8") == 50
    async with Visitor() as late:
        await assert_problem(await late.call("GET", f"{link['url']}/hls/index.m3u8"), 404, "not-found")
        await assert_problem(await late.call("GET", f"{link['url']}/hls/{made.set_id}/64p.mp4"), 404, "not-found")
        assert not await late.plays(link["url"])


async def test_an_embedded_player_has_renditions_without_a_cookie(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice = services.person("alice")
    made = await with_renditions(services, services_url, tmp_path, alice)
    link = await make_link(alice, made.video, view_limit=1, frame_ancestors=["https://lms.example"])
    embed = link["url"].replace("/s/", "/embed/")
    playback = await (await services.person(None).call("GET", f"{embed}/playback")).json()
    assert await pictures_of(playback["hls"]["url"]) == 50


async def test_a_link_to_a_collection_leads_on_with_its_video(
    services: Services, services_url: str, tmp_path: Path
) -> None:
    alice = services.person("alice")
    made = await with_renditions(services, services_url, tmp_path, alice)
    collections = f"{alice.upload_url}/v1/collections"
    collection = (await (await alice.call("POST", collections, json={"title": "Films"})).json())["id"]
    assert (await alice.call("PUT", f"{collections}/{collection}/videos/{made.id}")).status == 204
    link = await (await alice.call("POST", f"{collections}/{collection}/grants", json={})).json()
    playback = await (await services.person(None).call("GET", f"{link['url']}/playback?v={made.id}")).json()
    assert playback["hls"]["url"] == f"{link['url']}/hls/index.m3u8?v={made.id}"
    assert await pictures_of(playback["hls"]["url"]) == 50
    answer = await services.person(None).call("GET", f"{link['url']}/hls/index.m3u8")
    await assert_problem(answer, 404, "not-found")


async def test_a_film_is_not_signed_for_days(services: Services, services_url: str, tmp_path: Path) -> None:
    made = await with_renditions(services, services_url, tmp_path, services.person("alice"))
    assert await services.fs.app[PICTURES].sign([file_id(made.id, made.set_id, "64p")]) == {}
