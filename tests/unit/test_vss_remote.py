"""What the command line decides before it asks anybody: files, names, parts, and where the server is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vss.errors import BadOption
from vss.remote.account import Server, parse_server, server_named
from vss.remote.errors import FileUnusable
from vss.remote.plan import Part, PartPlan, differing, find_files, human_size, title_of, wire_name

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


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("My_Holiday.2026-final.MP4", "My Holiday 2026-final"),
        ("v1.2 demo.mkv", "v1.2 demo"),
        ("في البحر.webm", "في البحر"),
        ("\u202eevil.mp4", "evil"),
        (".mp4", "mp4"),
    ],
)
def test_a_title_is_made_from_the_name(name: str, title: str) -> None:
    assert title_of(Path(name)) == title


def test_a_name_is_one_that_the_server_takes() -> None:
    assert wire_name(Path("x" * 300 + ".mp4")) == "x" * 251 + ".mp4"
    assert wire_name(Path("a\\b\x01\u2066.mp4")) == "a_b.mp4"
    assert wire_name(Path(os.fsdecode(b"\xff.mp4"))) == "\ufffd.mp4"


def test_folders_are_searched_only_when_asked(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "notes.txt", ".hidden.mp4", "more/c.webm", ".trash/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_files([str(tmp_path), str(tmp_path / "b.mp4")], recursive=True)
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.MKV", "b.mp4", "more/c.webm"]
    for names, recursive, words in (
        ([str(tmp_path)], False, "--recursive"),
        ([str(tmp_path / "gone.mp4")], True, "is not there"),
        ([str(tmp_path / ".trash" / "..")], False, "is a folder"),
    ):
        with pytest.raises(FileUnusable, match=words):
            find_files(names, recursive=recursive)


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
