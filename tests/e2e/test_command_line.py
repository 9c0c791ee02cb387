"""`vss login`, `upload`, `list` and the others, as a script and as a person use them, against the whole product."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from aiohttp import TraceConfig, TraceRequestChunkSentParams, TraceRequestStartParams

from tests.product import Product
from tests.waiting import wait_until
from vss.remote.client import Client, open_client
from vss.remote.errors import FileUnusable
from vss.remote.pacing import BURST_SECONDS
from vss.remote.progress import shown
from vss.remote.source import open_source
from vss.remote.uploading import Uploading, UploadOptions

MIB = 2**20


class Terminal:
    """Somebody's home folder, and the commands typed there."""

    def __init__(self, home: Path, product: Product) -> None:
        self.home = home
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "VSS_PORT_BASE": str(product.base),
        }
        self._environment.pop("VSS_API_KEY", None)

    def set(self, name: str, value: str) -> None:
        """As `export` does."""
        self._environment[name] = value

    def run(
        self, *arguments: str, typed: str = "", stdout: int = subprocess.PIPE, encoding: str = "utf-8"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments),
            cwd=self.home,
            env=self._environment,
            input=typed,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding=encoding,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def see(self, *arguments: str, columns: int = 80, typed: str = "") -> tuple[int, list[str]]:
        """The exit code, and what a person sees in a window of so many columns."""
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        os.write(ours, typed.encode())
        done = subprocess.run(
            self._command(arguments),
            cwd=self.home,
            env={name: value for name, value in self._environment.items() if name not in ("COLUMNS", "LINES")},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            timeout=120,
            check=False,
        )
        # What these commands print is little enough for the terminal's buffer; it may be there in several pieces.
        os.close(theirs)
        seen = b""
        with suppress(OSError):
            while more := os.read(ours, 65536):
                seen += more
        os.close(ours)
        return done.returncode, seen.decode().splitlines()

    def read(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command says with --json, when it succeeds."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def log_in(self) -> None:
        done = self.run("login", "--username", "admin", "--password-stdin", typed="admin\n")
        assert done.returncode == 0, done.stderr

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "vss", *arguments]


@pytest.fixture
def terminal(tmp_path: Path, product: Product) -> Terminal:
    terminal = Terminal(tmp_path, product)
    terminal.log_in()
    return terminal


def _file(path: Path, size: int, *, seed: int = 1) -> str:
    content = random.Random(seed).randbytes(size)  # noqa: S311
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _token(product: Product) -> str:
    form = b"grant_type=password&username=admin&password=admin"
    with urlopen(f"{product.url('auth')}/v1/token", form, timeout=10) as answer:  # noqa: S310
        return str(json.load(answer)["access_token"])


def _post(url: str, token: str, content: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(url, json.dumps(content).encode(), headers), timeout=10) as answer:  # noqa: S310
        made: dict[str, Any] = json.load(answer)
    return made


def _read(url: str, token: str) -> dict[str, Any]:
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10) as answer:  # noqa: S310
        read: dict[str, Any] = json.load(answer)
    return read


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_video_goes_there_and_back_and_into_the_trash(terminal: Terminal) -> None:
    sha256 = _file(terminal.home / "There and back.mp4", 9 * MIB + 7)
    (sent,) = terminal.read("upload", "There and back.mp4", "--description", "Two parts", "--sha256")
    assert (sent["state"], sent["title"], sent["description"]) == ("ready", "There and back", "Two parts")
    assert sent["sent_bytes"] == sent["size"] == 9 * MIB + 7
    assert sent["id"] in [video["id"] for video in terminal.read("list", "--state", "ready")]

    (got,) = terminal.read("download", sent["id"], "-o", "back.mp4")
    assert (got["sha256"], _sha256(terminal.home / "back.mp4")) == (sha256, sha256)
    again = terminal.run("download", sent["id"], "-o", "back.mp4")
    assert again.returncode == 1
    assert "already exists" in again.stderr

    assert terminal.run("rm", sent["id"]).returncode == 0
    assert sent["id"] in [video["id"] for video in terminal.read("list", "--state", "trashed")]
    assert terminal.run("restore", sent["watch_url"]).returncode == 0
    assert sent["id"] in [video["id"] for video in terminal.read("list", "--state", "ready")]
    assert terminal.run("rm", "--permanently", sent["id"]).returncode == 0
    assert terminal.run("rm", sent["id"]).returncode == 4


def test_a_list_is_a_table_for_a_person_and_one_line_a_video_for_a_script(terminal: Terminal) -> None:
    titles = ["One", "\u6620\u753b" * 30, "\u0631\u062d\u0644\u0629 " * 20]
    sent = []
    for seed, title in enumerate(titles):
        _file(terminal.home / f"{seed}.mp4", 100, seed=seed)
        sent += terminal.read("upload", f"{seed}.mp4", "--title", title, "--visibility", "members")
    _, narrow = terminal.see("list")
    assert narrow[0].split() == ["CREATED", "STATUS", "SIZE", "LENGTH", "TITLE"]
    wide = terminal.see("list", columns=300)[1]
    assert wide[0].split() == ["ADDRESS", "CREATED", "STATUS", "SIZE", "LENGTH", "TITLE"]
    for video in sent:
        row = narrow[narrow.index(f"            {video['watch_url']}") - 1]
        assert "  members       100 B  " in row
        assert len(row) <= 80
        assert [line for line in wide if video["watch_url"] in line and video["title"].strip() in line]
    lines = terminal.run("list").stdout.splitlines()
    assert len(lines) == len(terminal.read("list"))
    assert [line[:26] for line in lines[:3]] == [video["id"] for video in reversed(sent)]
    assert lines[1].endswith(titles[1])
    terminal.run("rm", "--permanently", *(video["id"] for video in sent))
    assert "No videos found" in terminal.see("list", "--state", "trashed")[1][0]


def test_a_video_is_changed_and_its_address_is_copied(terminal: Terminal) -> None:
    for name, seed in (("one.mp4", 21), ("two.mp4", 22)):
        _file(terminal.home / name, 100, seed=seed)
    one, two = terminal.read("upload", "one.mp4", "two.mp4")

    private = terminal.run("link", one["id"], "--at", "1m30s")
    assert (private.returncode, private.stdout) == (0, f"{one['watch_url']}?t=90\n")
    assert "only you can watch it" in private.stderr
    changed = terminal.run("edit", one["id"], two["watch_url"], "unknown", "--visibility", "unlisted")
    assert changed.returncode == 9
    assert changed.stdout.count("anyone with the link can watch") == 2
    assert changed.stderr.splitlines() == [
        "vss: unknown: no such video, or this account has no access to it",
        "vss: 2 of 3 videos changed",
    ]
    unlisted = terminal.run("link", one["id"])
    assert (unlisted.stdout, unlisted.stderr) == (f"{one['watch_url']}\n", "")

    assert terminal.run("edit", one["id"], "--title", "Renamed", "--description", "").returncode == 0
    titles = {video["id"]: (video["title"], video["visibility"]) for video in terminal.read("list")}
    assert (titles[one["id"]], titles[two["id"]]) == (("Renamed", "unlisted"), ("two", "unlisted"))
    assert terminal.run("edit", one["id"]).returncode == 2
    assert terminal.run("edit", one["id"], two["id"], "--title", "Both").returncode == 2
    refused = terminal.run("edit", one["id"], "--title", "")
    assert (refused.returncode, refused.stderr[: len(one["id"]) + 5]) == (6, f"vss: {one['id']}")

    embed = terminal.run(
        "share", one["id"], "--embed-on", "https://LMS.example/course", "--embed-on", "http://localhost:1"
    )
    assert (embed.returncode, embed.stdout[:13]) == (0, '<iframe src="')
    assert "keep this code" in embed.stderr
    assert "on https://lms.example, http://localhost:1" in terminal.run("share", one["id"], "--list").stdout
    refused = terminal.run("share", one["id"], "--embed-on", "*")
    assert (refused.returncode, "must be the address of a site" in refused.stderr) == (6, True)

    terminal.run("rm", one["id"])
    assert "in the trash" in terminal.run("link", one["id"]).stderr
    terminal.run("rm", "--permanently", one["id"], two["id"])


def test_what_cannot_be_undone_is_asked_first(terminal: Terminal) -> None:
    _file(terminal.home / "kept.mp4", 100, seed=23)
    (sent,) = terminal.read("upload", "kept.mp4")
    code, seen = terminal.see("rm", "--permanently", sent["id"], typed="\n")
    assert (code, seen[-1].endswith("vss: nothing was deleted")) == (1, True), seen
    assert "  kept (100 B)" in seen
    assert terminal.see("rm", "--permanently", sent["id"], typed="\x04")[0] == 1
    assert terminal.see("rm", "--permanently", sent["id"], "unknown", typed="y\n")[0] == 9
    assert terminal.run("link", sent["id"]).returncode == 0
    assert terminal.see("rm", "--permanently", sent["id"], typed="y\n")[0] == 0
    assert terminal.run("link", sent["id"]).returncode == 4


def _beside_each_other(terminal: Terminal, *commands: tuple[str, ...]) -> list[Any]:
    """What they print, each as JSON, when they run at once; all of them end well."""
    running = [terminal.start(*command, "--json") for command in commands]
    printed = []
    for command in running:
        out, said = command.communicate(timeout=240)
        assert command.returncode == 0, said
        printed.append(json.loads(out))
    return printed


@pytest.mark.long
def test_two_files_of_one_name_and_size_at_once_are_two_videos(terminal: Terminal) -> None:
    beginning = bytes(8 * MIB)
    for folder in ("one", "other"):
        (terminal.home / folder).mkdir()
        (terminal.home / folder / "twin.mp4").write_bytes(beginning + folder.ljust(9 * MIB).encode())
    sent = _beside_each_other(terminal, ("upload", "one/twin.mp4"), ("upload", "other/twin.mp4"))
    assert sent[0]["id"] != sent[1]["id"]
    for video, folder in zip(sent, ("one", "other"), strict=True):
        assert video["sha256"] == _sha256(terminal.home / folder / "twin.mp4")
        terminal.read("download", video["id"], "-o", f"{folder}.mp4")
        assert _sha256(terminal.home / f"{folder}.mp4") == video["sha256"]
    # Nor is a third one passed over because of its name and size.
    (terminal.home / "third").mkdir()
    (terminal.home / "third" / "twin.mp4").write_bytes(beginning + b"third".ljust(9 * MIB))
    again = terminal.read("upload", "--skip-uploaded", *(f"{folder}/twin.mp4" for folder in ("one", "other", "third")))
    assert [video["id"] for video in again[:2]] == [video["id"] for video in sent]
    assert [video.get("skipped") for video in again] == [True, True, None]
    terminal.run("rm", "--permanently", *(video["id"] for video in again))


def _watch(client: Client, requests: TraceConfig) -> None:
    """What is in `requests` is told of each request of the command's, and awaited."""
    requests.freeze()
    client.session.trace_configs.append(requests)


@pytest.mark.long
async def test_what_is_completed_elsewhere_with_another_file_is_not_taken_for_this_one(
    terminal: Terminal, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = _file(terminal.home / "raced.mp4", 9 * MIB)
    made = _post(f"{product.url('auth')}/v1/me/api-keys", _token(product), {"name": "raced"})
    monkeypatch.setenv("VSS_API_KEY", made["api_key"])
    monkeypatch.setenv("VSS_PORT_BASE", str(product.base))
    options = UploadOptions(title=None, description=None, visibility=None, anew=True, sha256=False, parallel=1)
    raced: list[str] = []
    with open_source(terminal.home / "raced.mp4") as source, shown("", source.size, quiet=True) as progress:
        async with open_client(patience_seconds=60) as client:

            async def race(_: object, __: object, request: TraceRequestStartParams) -> None:
                url = str(request.url)
                if url.endswith("/part-urls") and not raced:
                    raced.append(url.removesuffix("/part-urls"))
                    parts = {"1": b"x" * 8 * MIB, "2": b"y" * MIB}
                    sums = {no: base64.b64encode(hashlib.sha256(part).digest()).decode() for no, part in parts.items()}
                    signed = await client.call("POST", url, content={"part_numbers": [1, 2], "checksums": sums})
                    for number, part in parts.items():
                        await asyncio.to_thread(_put, signed.content, number, part)
                    await client.call("POST", f"{raced[0]}/complete")

            requests = TraceConfig()
            requests.on_request_start.append(race)
            _watch(client, requests)
            sent = await Uploading(client, source, options, progress).run()
            assert (sent.video["state"], sent.video["sha256"]) == ("ready", sha256)
            assert not raced[0].endswith(sent.video["id"])
    for video_id in (raced[0].rpartition("/")[2], sent.video["id"]):
        terminal.run("rm", "--permanently", video_id)


def test_an_interrupted_upload_goes_on_and_takes_no_other_file(terminal: Terminal, product: Product) -> None:
    token = _token(product)
    path = terminal.home / "Interrupted.mp4"
    sha256 = _file(path, 15 * 8 * MIB)
    _file(terminal.home / "later.mp4", 3)
    # So slowly that it is interrupted in the middle, however long the machine takes to see that it has begun.
    running = terminal.start("upload", path.name, "later.mp4", "--parallel", "1", "--limit-rate", "2M", "--json")

    def has_begun() -> bool:
        assert running.poll() is None, "it was through before it could be interrupted"
        # Its first part too: without one there would be nothing to tell another file by.
        mine = [video for video in terminal.read("list", "--state", "uploading") if video["filename"] == path.name]
        return any(_read(f"{product.url('upload')}/v1/uploads/{video['id']}", token)["received"] for video in mine)

    wait_until(has_begun, what="a part is there", limit_seconds=60)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "the same command" in said
    assert "0 of 2 files uploaded. Not uploaded: Interrupted.mp4, later.mp4" in said
    assert [(file["file"], file["exit_code"]) for file in map(json.loads, out.splitlines())] == [
        (path.name, 130),
        ("later.mp4", 130),
    ]
    assert "Traceback" not in said

    content = path.read_bytes()
    path.write_bytes(bytes(8 * MIB) + content[8 * MIB :])
    other = terminal.run("upload", path.name, "--json")
    assert other.returncode == 0, other.stderr
    assert "uploading this one separately" in other.stderr
    terminal.run("rm", "--permanently", json.loads(other.stdout)["id"])
    path.write_bytes(content)

    (sent,) = terminal.read("upload", path.name)
    assert sent["state"] == "ready"
    assert 0 < sent["sent_bytes"] < sent["size"]
    terminal.read("download", sent["id"], "-o", "whole.mp4")
    assert _sha256(terminal.home / "whole.mp4") == sha256
    terminal.run("rm", "--permanently", sent["id"])


def _api(product: Product, method: str, path: str, content: object = None) -> Any:
    """What upload_svc answers to the account by itself."""
    form = b"grant_type=password&username=admin&password=admin"
    with urlopen(Request(f"{product.url('auth')}/v1/token", data=form), timeout=30) as answer:  # noqa: S310
        token = json.load(answer)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if content is None else json.dumps(content).encode()
    request = Request(f"{product.url('upload')}{path}", data=data, method=method, headers=headers)  # noqa: S310
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def _put(signed: Any, number: str, content: bytes) -> None:
    headers = {**signed["headers"], **signed["part_headers"][number]}
    with urlopen(Request(signed["urls"][number], data=content, method="PUT", headers=headers), timeout=60) as answer:  # noqa: S310
        assert answer.status == 200


def test_a_part_of_which_it_is_not_certain_whose_it_is_is_sent_once_more(terminal: Terminal, product: Product) -> None:
    film = terminal.home / "unsure.mp4"
    _file(film, 9 * MIB)
    content = film.read_bytes()
    first, rest = content[: 8 * MIB], content[8 * MIB :]
    announced = {"title": "Unsure", "filename": film.name, "size": len(content), "content_type": "video/mp4"}
    begun = _api(product, "POST", "/v1/uploads", {**announced, "part_checksums": "sha256"})
    url = f"/v1/uploads/{begun['id']}/part-urls"
    sums = [base64.b64encode(hashlib.sha256(one).digest()).decode() for one in (b"another", first, rest)]
    _api(product, "POST", url, {"part_numbers": [1], "checksums": {"1": sums[0]}})
    asked = {"part_numbers": [1, 2], "checksums": {"1": sums[1], "2": sums[2]}}
    signed = _api(product, "POST", url, asked)
    _put(signed, "1", first)
    _put(signed, "2", rest)
    received = _api(product, "GET", f"/v1/uploads/{begun['id']}")["received"]
    assert ["checksum" in part for part in received] == [False, True]
    (sent,) = terminal.read("upload", str(film))
    assert (sent["id"], sent["state"]) == (begun["id"], "ready")


def test_a_limited_rate_holds_for_all_parts_together(terminal: Terminal) -> None:
    _file(terminal.home / "Slow.mp4", 17 * MIB)
    began_at = time.monotonic()
    (sent,) = terminal.read("upload", "Slow.mp4", "--limit-rate", "8M", "--parallel", "3", "--quiet")
    # Three parts that each had the rate for itself would be through in a second.
    assert time.monotonic() - began_at >= 17 / 8 - BURST_SECONDS
    assert (sent["state"], sent["sent_bytes"]) == ("ready", 17 * MIB)
    terminal.run("rm", "--permanently", sent["id"])


async def test_a_part_that_waited_long_for_its_turn_gets_a_fresh_url(
    terminal: Terminal, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(terminal.home / "Patient.mp4", 9 * MIB)
    made = _post(f"{product.url('auth')}/v1/me/api-keys", _token(product), {"name": "patient"})
    monkeypatch.setenv("VSS_API_KEY", made["api_key"])
    monkeypatch.setenv("VSS_PORT_BASE", str(product.base))
    signed: list[list[int]] = []

    async def note(_: object, __: object, sent: TraceRequestChunkSentParams) -> None:
        if str(sent.url).endswith("/part-urls"):
            signed.append(json.loads(sent.chunk)["part_numbers"])

    # As if every part had.
    options = UploadOptions(
        title=None, description=None, visibility=None, anew=True, sha256=False, parallel=1, fresh_seconds=0
    )
    with open_source(terminal.home / "Patient.mp4") as source, shown("", source.size, quiet=True) as progress:
        async with open_client(patience_seconds=60) as client:
            requests = TraceConfig()
            requests.on_request_chunk_sent.append(note)
            _watch(client, requests)
            sent = await Uploading(client, source, options, progress).run()
    assert sorted(signed) == [[1], [1, 2], [2]]
    terminal.run("rm", "--permanently", sent.video["id"])


async def test_of_a_file_that_vanishes_before_its_turn_nothing_is_begun(
    terminal: Terminal, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = terminal.home / "Vanishing.mp4"
    _file(film, MIB)
    made = _post(f"{product.url('auth')}/v1/me/api-keys", _token(product), {"name": "vanishing"})
    monkeypatch.setenv("VSS_API_KEY", made["api_key"])
    monkeypatch.setenv("VSS_PORT_BASE", str(product.base))
    options = UploadOptions(title=None, description=None, visibility=None, anew=False, sha256=False, parallel=1)
    with open_source(film) as source, shown("", source.size, quiet=True) as progress:
        film.unlink()
        async with open_client(patience_seconds=60) as client:
            with pytest.raises(FileUnusable):
                await Uploading(client, source, options, progress).run()
    assert "Vanishing" not in {video["title"] for video in terminal.read("list", "--state", "uploading")}


def test_folders_are_sent_and_what_is_no_video_is_named(terminal: Terminal) -> None:
    (terminal.home / "films" / "more").mkdir(parents=True)
    _file(terminal.home / "films" / "First one.mp4", 3, seed=2)
    _file(terminal.home / "films" / "more" / "Second one.webm", 4, seed=3)
    (terminal.home / "films" / "notes.txt").write_text("no film")
    sent = terminal.read("upload", "--recursive", "films")
    assert sorted(video["title"] for video in sent) == ["First one", "Second one"]
    refused = terminal.run("upload", "films/notes.txt")
    assert refused.returncode != 0
    assert refused.stderr == "vss: films/notes.txt is not a supported video type (MP4, MOV, MKV, WebM, …)\n"
    for video in sent:
        terminal.run("rm", "--permanently", video["id"])


def test_what_concerns_one_file_ends_no_other_and_nothing_is_sent_twice(terminal: Terminal) -> None:
    # As a terminal of Western Europe has it; not every name that a disk holds can be printed.
    terminal.set("PYTHONIOENCODING", "latin-1:strict")
    odd = os.fsdecode(b"caf\xe9 \xd1\x84.mp4")
    names = ["first.mp4", "gone.mp4", "notes.txt", "empty.mp4", "", odd, "last.mp4"]
    for seed, name in enumerate(names):
        if name not in ("", "gone.mp4"):
            _file(terminal.home / name, 0 if name == "empty.mp4" else 10, seed=seed)

    def upload() -> tuple[list[dict[str, Any]], str]:
        done = terminal.run("upload", *names, "--sha256", "--json")
        assert done.returncode == 9, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    files, said = upload()
    assert [file["file"] for file in files] == ["''" if name == "" else name for name in names]
    assert [file.get("exit_code") for file in files] == [None, 1, 6, 1, 1, None, None]
    assert said.splitlines() == [
        "vss: gone.mp4: does not exist",
        r"vss: notes.txt is not a supported video type (MP4, MOV, MKV, WebM, \u2026)",
        "vss: empty.mp4 is empty",
        "vss: '': an empty name is not a file",
        "vss: 3 of 7 files uploaded. The same command tries the others again; uploaded files are not sent twice",
    ]
    again, _ = upload()
    sent = [file["id"] for file in files if "id" in file]
    assert [(file["id"], file["sent_bytes"]) for file in again if "id" in file] == [(one, 0) for one in sent]

    # Another file is another one, whatever it is called; and the same one is the same under another name, when asked.
    _file(terminal.home / "first.mp4", 10, seed=99)
    _file(terminal.home / "renamed.mp4", 10, seed=6)
    (other,) = terminal.read("upload", "first.mp4", "--sha256")
    (renamed,) = terminal.read("upload", "renamed.mp4", "--skip-uploaded")
    assert other["id"] not in sent
    assert renamed["id"] == sent[2]
    shown = terminal.run("upload", odd, "--visibility", "public")
    assert shown.stdout.isascii()
    assert shown.stdout.endswith(f"/watch/{sent[1]}; its visibility was not changed\n")
    (anew,) = terminal.read("upload", "last.mp4", "--restart")
    assert anew["id"] not in sent

    removed = terminal.run("rm", "--permanently", "unknown", *sent, other["id"], "no/id", anew["watch_url"])
    assert removed.returncode == 9
    assert "vss: 5 of 7 videos deleted" in removed.stderr
    assert "vss: unknown: no such video" in removed.stderr
    assert [file for file in terminal.read("list") if file["id"] in [*sent, other["id"], anew["id"]]] == []


def test_a_reader_that_has_read_enough_is_no_trouble(terminal: Terminal) -> None:
    _file(terminal.home / "read.mp4", 3)
    reading, writing = os.pipe()
    os.close(reading)
    for command in (["upload", "read.mp4"], ["list"]):
        done = terminal.run(*command, stdout=writing)
        assert (done.returncode, done.stderr) == (141, "")
    os.close(writing)
    assert [file["state"] for file in terminal.read("list") if file["filename"] == "read.mp4"] == ["ready"]


def test_a_download_is_called_what_its_file_was_and_replaces_no_device_and_no_link(
    terminal: Terminal, product: Product, tmp_path: Path
) -> None:
    long = "ф" * 125 + ".mkv"
    sha256 = _file(terminal.home / long, 10, seed=7)
    (sent,) = terminal.read("upload", long, "--title", "Holiday", "--visibility", "members", "--sha256")
    (terminal.home / "null").symlink_to("/dev/null")
    (terminal.home / "link.mkv").symlink_to("real.mkv")
    (terminal.home / "real.mkv").write_text("old")
    for target in ("null", "/dev/null"):
        assert terminal.run("download", sent["id"], "-o", target).returncode == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    refused = terminal.run("download", sent["id"], "-o", "link.mkv")
    assert (refused.returncode, "already exists" in refused.stderr) == (1, True)
    terminal.read("download", sent["id"], "-o", "link.mkv", "--replace")
    assert (terminal.home / "link.mkv").is_symlink()
    assert _sha256(terminal.home / "real.mkv") == sha256
    (terminal.home / "real.mkv").chmod(0o444)
    assert "read-only" in terminal.run("download", sent["id"], "-o", "real.mkv", "--replace").stderr

    # Somebody else sees the title, and still gets the file's own name.
    _post(f"{product.url('auth')}/v1/accounts", _token(product), {"username": "amal", "password": "tide-lamp-42-x"})
    other = Terminal(tmp_path / "amal", product)
    other.home.mkdir()
    typed = "\ufefftide-lamp-42-x\r\n"
    assert other.run("login", "--username", "amal", "--password-stdin", typed=typed).returncode == 0
    (got,) = other.read("download", sent["id"])
    assert got["file"] == long
    assert _sha256(other.home / long) == sha256
    streamed = other.run("download", sent["watch_url"], "-o", "-", encoding="latin-1")
    assert hashlib.sha256(streamed.stdout.encode("latin-1")).hexdigest() == sha256
    terminal.run("rm", "--permanently", sent["id"])


def test_webhooks_are_made_listed_and_deleted_from_a_terminal(terminal: Terminal) -> None:
    made = terminal.run("webhook", "create", "https://127.0.0.1:1/hook", "--event", "video.ready")
    webhook_id, _, secret = made.stdout.strip().partition("  ")
    assert (made.returncode, secret[:6], "shown again" in made.stderr) == (0, "whsec_", True)
    assert terminal.run("webhook", "create", "ftp://a/").returncode == 6
    assert f"{webhook_id}  enabled   video.ready  https://127.0.0.1:1/hook" in terminal.run("webhook", "list").stdout
    assert terminal.read("webhook", "deliveries", webhook_id) == []
    assert terminal.run("webhook", "replay", webhook_id, "a" * 26).returncode == 4
    assert terminal.run("webhook", "delete", webhook_id).returncode == 0
    assert terminal.run("webhook", "delete", webhook_id).returncode == 4


@pytest.mark.long
def test_groups_are_made_and_filled_from_a_terminal(terminal: Terminal, product: Product) -> None:
    _post(f"{product.url('auth')}/v1/accounts", _token(product), {"username": "greta", "password": "tide-lamp-42-x"})
    made = terminal.run("group", "create", " The  Cutters")
    group_id, _, name = made.stdout.strip().partition("  ")
    assert (made.returncode, name) == (0, "The Cutters")
    taken = terminal.run("group", "create", "the cutters")
    assert (taken.returncode, taken.stderr) == (6, "vss: name: is already taken\n")
    assert terminal.run("group", "rename", "THE CUTTERS", "Editors").returncode == 0
    added = terminal.run("group", "add", "editors", "greta", "nobody")
    assert (added.returncode, added.stdout) == (9, "greta: in the group\n")
    assert added.stderr.splitlines() == [
        "vss: nobody: there is no account with this username",
        "vss: 1 of 2 accounts changed",
    ]
    assert terminal.run("group", "add", group_id, "greta", "--manager").returncode == 0
    (member,) = terminal.read("group", "members", "Editors")
    assert (member["username"], member["is_manager"]) == ("greta", True)
    assert f"{group_id}       1           Editors" in terminal.run("group", "list").stdout.splitlines()
    # A video for both, and a link; each ends by its ID.
    _file(terminal.home / "cut.mp4", 10)
    (video,) = terminal.read("upload", "cut.mp4")
    shared = terminal.run("share", video["id"], "--with", "greta", "--expires", "7d")
    assert (shared.returncode, shared.stdout.startswith("shared with greta, until 20")) == (0, True)
    assert terminal.run("share", video["watch_url"], "--group", "editors").stdout == "shared with Editors, no end\n"
    assert terminal.run("share", video["id"]).returncode == 0
    grants = terminal.read("share", video["id"], "--list")
    assert [grant["name"] for grant in grants] == ["Editors", "greta", None]
    assert terminal.run("share", video["id"], "--list").stdout.splitlines()[0].endswith("no end  group Editors")
    for grant in grants:
        assert terminal.run("share", video["id"], "--revoke", grant["id"]).returncode == 0
    assert terminal.run("share", video["id"], "--list").stdout == ""
    for wrong, status in (
        (("--with", "nobody"), 4),
        (("--group", "nobody"), 4),
        (("--with", "greta", "--views", "3"), 2),
    ):
        assert terminal.run("share", video["id"], *wrong).returncode == status
    terminal.run("rm", "--permanently", video["id"])
    # Who manages a collection finds it in a list of its own.
    assert terminal.run("collection", "create", "Cuts").returncode == 0
    share = ("collection", "share", "Cuts")
    assert terminal.run(*share, "--with", "greta", "--manage").stdout == "managed by greta, no end\n"
    assert terminal.run(*share, "--list").stdout.endswith("no end  account greta  manages it\n")
    assert terminal.run(*share, "--everyone", "--manage").returncode == 2
    assert terminal.run("collection", "list", "--managed").stdout == ""
    assert terminal.run("collection", "delete", "Cuts").returncode == 0
    assert terminal.run("group", "remove", "Editors", "greta").returncode == 0
    assert terminal.read("group", "members", "Editors") == []
    assert terminal.see("group", "delete", "Editors", typed="n\n")[0] == 1
    assert terminal.run("group", "delete", "Editors").returncode == 0
    gone = terminal.run("group", "members", "Editors")
    assert (gone.returncode, "vss group list" in gone.stderr) == (4, True)


@pytest.mark.long
def test_collections_are_made_and_put_in_order_from_a_terminal(terminal: Terminal, product: Product) -> None:
    for seed, title in enumerate("abc"):
        _file(terminal.home / f"{title}.mp4", 2_000, seed=seed)
    a, b, c = (video["id"] for video in terminal.read("upload", "a.mp4", "b.mp4", "c.mp4"))
    made = terminal.run("collection", "create", "Course one", "--description", "For beginners")
    collection_id, _, title = made.stdout.strip().partition("  ")
    assert (made.returncode, title) == (0, "Course one")
    assert terminal.run("collection", "add", "course ONE", a, b, c, a).returncode == 0
    assert terminal.run("collection", "move", collection_id, c, "--first").returncode == 0
    assert terminal.run("collection", "move", collection_id, a, "--last").returncode == 0
    assert terminal.run("collection", "move", collection_id, c, "--after", b).returncode == 0
    assert [video["title"] for video in terminal.read("collection", "show", "Course one")] == ["b", "c", "a"]
    assert terminal.run("collection", "remove", "Course one", b).returncode == 0
    assert f"{collection_id}       2  Course one" in terminal.run("collection", "list").stdout.splitlines()
    share = ("collection", "share", "Course one")
    assert terminal.run(*share, "--members").stdout == "shared with members, no end\n"
    assert "/s/" in terminal.run(*share, "--expires", "7d", "--views", "2").stdout
    to_members, link = terminal.run(*share, "--list").stdout.splitlines()
    assert (to_members.endswith("no end  members"), link.endswith("0 of 2 views")) == (True, True)
    for line in (to_members, link):
        assert terminal.run(*share, "--revoke", line[:26]).returncode == 0
    assert terminal.run(*share, "--list").stdout == ""
    assert terminal.run(*share, "--everyone", "--views", "2").returncode == 2
    asked = terminal.run(
        "collection", "ask", "Course one", "--max-files", "3", "--max-size", "1.5GB", "--expires", "7d"
    )
    assert asked.stdout.startswith(f"{product.url('upload')}/u/"), asked.stderr
    assert terminal.run("collection", "ask", "Course one", "--max-size", "much").returncode == 2
    wrong = terminal.run("collection", "add", "Course one", "a" * 26, b)
    assert (wrong.returncode, wrong.stdout) == (9, f"{b}: in the collection\n")
    assert "no such video" in wrong.stderr
    # Two of one title are told apart by their IDs alone.
    assert terminal.run("collection", "create", "COURSE ONE").returncode == 0
    assert "by its ID" in terminal.run("collection", "show", "Course one").stderr
    assert terminal.see("collection", "delete", collection_id, typed="n\n")[0] == 1
    assert terminal.run("collection", "delete", collection_id).returncode == 0
    assert terminal.run("collection", "delete", "course one").returncode == 0
    assert terminal.run("collection", "show", collection_id).returncode == 4
    terminal.run("rm", "--permanently", a, b, c)


def test_a_log_in_is_for_nobody_else_and_ends(terminal: Terminal) -> None:
    (kept,) = terminal.home.rglob("login.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    wrong = terminal.run("login", "--username", "admin", "--password-stdin", typed="wrong\n")
    assert (wrong.returncode, wrong.stderr) == (3, "vss: wrong username or password\n")
    assert terminal.run("list").returncode == 0, "a wrong password takes no log-in away"
    assert terminal.run("logout").returncode == 0
    assert not kept.exists()
    after = terminal.run("list")
    assert after.returncode == 3
    assert "vss login" in after.stderr


def test_an_api_key_stands_for_a_log_in_at_the_server_that_is_named(terminal: Terminal, product: Product) -> None:
    assert terminal.run("logout").returncode == 0
    made = _post(f"{product.url('auth')}/v1/me/api-keys", _token(product), {"name": "script", "scopes": ["read"]})
    terminal.set("VSS_API_KEY", made["api_key"])
    assert terminal.run("list").returncode == 0
    _file(terminal.home / "Refused.mp4", 3)
    narrow = terminal.run("upload", "Refused.mp4")
    assert narrow.returncode == 6, narrow.stderr
    terminal.set("VSS_API_KEY", made["api_key"] + "x")
    assert terminal.run("list").returncode == 3
    assert "VSS_API_KEY" in terminal.run("list").stderr


def test_a_server_that_is_not_there_is_named(terminal: Terminal, product: Product) -> None:
    away = terminal.run("login", "--server", "http://192.0.2.1", "--username", "a", "--password-stdin", typed="b\n")
    assert away.returncode == 2
    assert "https://" in away.stderr
    page = terminal.run(
        "login", "--server", product.url("stream"), "--username", "admin", "--password-stdin", typed="admin\n"
    )
    assert page.returncode == 3
    assert "give --server all three URLs" in page.stderr
