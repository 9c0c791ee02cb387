"""What the command line decides before it asks anybody: files, names, parts, and where the server is."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from yarl import URL

from common.media_types import BY_ENDING
from vss.errors import BadOption
from vss.remote.account import Server, parse_server, server_named
from vss.remote.finding import find_files
from vss.remote.plan import Part, PartPlan, differing, human_size, shortened, title_of, wire_name
from vss.remote.proxies import proxy_for
from vss.remote.table import Table
from vss.remote.values import moment, video_id
from vss.speaking import printable

MIB = 2**20


def test_parts_cover_the_file_and_nothing_else() -> None:
    plan = PartPlan(17 * MIB + 1, 8 * MIB, 3)
    assert [plan.part(number) for number in (1, 2, 3)] == [
        Part(1, 0, 8 * MIB),
        Part(2, 8 * MIB, 8 * MIB),
        Part(3, 16 * MIB, MIB + 1),
    ]
    assert plan.missing([2]) == [1, 3]


def test_a_part_without_a_checksum_is_another_one() -> None:
    assert differing({1: "a", 2: "b", 3: "c"}, {1: "a", 2: "x", 3: None}) == [2, 3]


def test_a_file_always_has_a_title() -> None:
    assert title_of(Path("My_Holiday.mp4")) == "My Holiday"
    assert title_of(Path("\u200b\u3164.mp4")) == "\u200b\u3164.mp4"


def test_a_name_is_one_that_the_server_takes() -> None:
    assert wire_name(Path("x" * 300 + ".mp4")) == "x" * 251 + ".mp4"
    assert wire_name(Path("a\\b\x01\u2066.mp4")) == "a_b.mp4"
    assert wire_name(Path("Cafe\u0301.mp4")) == "Caf\u00e9.mp4", "as macOS has it and as everybody else has it"
    assert wire_name(Path(os.fsdecode(b"\xff.mp4"))) == "\ufffd.mp4"


def test_a_name_is_cut_before_its_ending() -> None:
    assert shortened("ф" * 200 + ".mkv", 255, in_bytes=True) == "ф" * 125 + ".mkv"
    assert shortened("x" * 20 + ".no ending at all", 20) == "x" * 20


def _found(names: list[str], *, recursive: bool = True) -> list[tuple[str, str]]:
    return [(file.name, str(file.trouble or "")) for file in find_files(names, recursive=recursive).files]


def test_folders_are_searched_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("f/b.mp4", "f/a.MKV", "f/notes.txt", "f/.hidden.mp4", "f/more/c.webm", "f/.trash/d.mp4"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert _found(["f", "f/b.mp4", "./f/more/../more/c.webm"]) == [
        ("f/a.MKV", ""),
        ("f/b.mp4", ""),
        ("f/more/c.webm", ""),
    ]
    assert find_files(["f"], recursive=True).passed_over == 1
    assert _found(["f"], recursive=False) == [("f", "is a folder: use --recursive to upload the videos in it")]


def test_a_video_is_known_by_its_name_as_the_server_reads_it(tmp_path: Path) -> None:
    names = ("f\u200f.mp4\u200f", "g.mk\u202ev ")
    for name in names:
        (tmp_path / name).touch()
    assert [Path(name).name for name, _ in _found([str(tmp_path)])] == sorted(names)


def test_what_cannot_be_sent_is_named_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("real/z.mp4", "empty/notes.txt", "y.mp4"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    Path("linked").symlink_to("real")
    Path("real/loop").symlink_to("..")
    Path("real/broken.mp4").symlink_to("nowhere")
    os.mkfifo("pipe.mp4")
    names = ["linked", "gone.mp4", "", "pipe.mp4", "/dev/null", "y.mp4/x.mp4", "n" * 300, "empty", "y.mp4"]
    assert _found(names) == [
        ("linked/broken.mp4", "is a broken link"),
        ("linked/z.mp4", ""),
        ("linked/loop/pipe.mp4", "is not a regular file"),
        ("linked/loop/y.mp4", ""),
        ("gone.mp4", "does not exist"),
        ("''", "an empty name is not a file"),
        ("/dev/null", "is not a regular file"),
        ("y.mp4/x.mp4", "cannot be read: Not a directory"),
        ("n" * 300, "cannot be read: File name too long"),
        ("empty", f"holds no videos (known endings: {' '.join(BY_ENDING)})"),
    ], "each once, wherever it was met first"


def test_a_terminal_shows_and_does_not_obey() -> None:
    assert printable("a\x1b[2J\r\n\x9b\u202e\udce9") == "a\\x1b[2J\\r\\n\\x9b\\u202e\\udce9"
    seen = "Größe \u0645\u06cc\u200c\u062e\u0648 👩\u200d🚀 日本"
    assert printable(seen) == seen


def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert proxy_for(URL("https://films.example/v1")) == URL("http://proxy.example:3128")
    for local in ("http://127.0.0.1:8001", "http://[::1]:8001", "http://localhost:8001", "https://inside.example"):
        assert proxy_for(URL(local)) is None
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example")
    with pytest.raises(BadOption, match="HTTPS_PROXY"):
        proxy_for(URL("https://films.example"))
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv("ALL_PROXY", "http://all.example")
    assert proxy_for(URL("https://films.example")) == URL("http://all.example")


def test_a_site_has_one_url_or_three() -> None:
    assert parse_server(["https://films.example/"]) == Server(
        auth="https://films.example", upload="https://films.example", stream="https://films.example"
    )
    three = ["http://127.0.0.1:1", "http://localhost:2", "http://[::1]:3"]
    assert parse_server(three) == Server(auth=three[0], upload=three[1], stream=three[2])


@pytest.mark.parametrize(
    "urls",
    [
        ["https://a.example", "https://b.example"],
        ["http://films.example"],
        ["ftp://films.example"],
        ["https://films.example/videos"],
        ["films.example"],
        ["https://films.example:port"],
    ],
)
def test_a_server_that_cannot_be_is_named(urls: list[str]) -> None:
    with pytest.raises(BadOption, match="--server"):
        parse_server(urls)


def test_without_a_name_it_is_the_server_of_the_environment_or_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VSS_SERVER", raising=False)
    monkeypatch.setenv("VSS_PORT_BASE", "9000")
    assert server_named().upload == "http://127.0.0.1:9003"
    monkeypatch.setenv("VSS_SERVER", "https://films.example")
    assert server_named().upload == "https://films.example"
    assert server_named(["https://other.example"]).upload == "https://other.example"
    monkeypatch.delenv("VSS_SERVER")
    for wrong in ("no", "9" * 5000, "80"):
        monkeypatch.setenv("VSS_PORT_BASE", wrong)
        with pytest.raises(BadOption, match="VSS_PORT_BASE"):
            server_named()


@pytest.mark.parametrize(("size", "words"), [(999, "999 B"), (36_600_000, "36.6 MB"), (2_500_000_000_000, "2.50 TB")])
def test_sizes_are_for_people(size: int, words: str) -> None:
    assert human_size(size) == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1:30", 90), ("01:02:03", 3723), ("1m30s", 90), ("2h", 7200), ("1h5s", 3605), ("0", 0)],
)
def test_a_moment_is_written_as_people_write_it(text: str, seconds: int) -> None:
    assert moment(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", "1:", "1:2:3:4", "s", "1s2m", "1.5", "٣"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="1m30s"):
        moment(text)


def test_an_address_stands_for_its_video() -> None:
    assert video_id("https://films.example/watch/abc234/?t=9#x") == video_id("abc234") == "abc234"
    for other in ("https://films.example/videos/abc", "a/b", "", "ä"):
        with pytest.raises(ArgumentTypeError, match="vss list"):
            video_id(other)


def _rows(columns: int, *titles: str, monkeypatch: pytest.MonkeyPatch, **fields: object) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "24")
    table = Table()
    video = {"watch_url": "https://videos.example.org/watch/" + 26 * "a", "state": "ready", "size": 36_600_000}
    video |= {
        "created_at": "2026-01-02T12:00:00Z",
        "visibility": "members",
        "hidden": False,
        "media": {"duration": 3723.9},
    }
    video |= fields
    return [line for title in titles for line in table.lines({**video, "title": title})]


# What takes more columns of a terminal than characters, or fewer, or runs from right to left: how often each fits in
# the 39 columns that are left.
@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [("x", 39, 36), ("\u6620", 19, 18), ("e\u0301", 39, 36), ("❤\ufe0f", 19, 18), ("\u0631", 39, 36), ("\x1b", 9, 9)],
    ids=ascii,
)
def test_a_title_is_cut_to_the_columns_that_are_left(
    text: str, most: int, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, whole, address, shortened, _ = _rows(81, text * most, text * (most + 1), monkeypatch=monkeypatch)
    assert header == "CREATED     STATUS         SIZE   LENGTH  TITLE"
    assert whole == f"2026-01-02  members     36.6 MB  1:02:03  {printable(text) * most}"
    assert shortened == f"2026-01-02  members     36.6 MB  1:02:03  {printable(text) * cut}..."
    assert address == f"            https://videos.example.org/watch/{26 * 'a'}"


def test_a_wide_terminal_has_the_address_beside_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    header, first, second = _rows(140, "One", "Two" * 20, monkeypatch=monkeypatch)
    assert header.split() == ["ADDRESS", "CREATED", "STATUS", "SIZE", "LENGTH", "TITLE"]
    assert first.endswith("  2026-01-02  members     36.6 MB  1:02:03  One")
    assert len(second) == 140


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": "trashed"}, "trash"),
        ({"state": "uploading", "size": None}, "uploading"),
        ({"hidden": True}, "hidden"),
    ],
)
def test_the_status_says_why_nobody_can_watch(
    fields: dict[str, object], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, row, _ = _rows(80, "One", monkeypatch=monkeypatch, **fields)
    assert row.split()[1] == status
