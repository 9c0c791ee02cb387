"""The command line: every expected trouble is one line that names the remedy, and the right exit code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.command import ROOT, python, vss
from vss import __version__


def test_the_version_is_told() -> None:
    assert vss("--version").stdout == f"vss {__version__}\n"


@pytest.mark.parametrize("value", ["abc", "", "-1", "0", "1023", "65203", "8000.5", "١٢٣٤", "9" * 5000])
def test_a_port_base_that_cannot_be_used_names_option_and_remedy(value: str) -> None:
    answer = vss("up", f"--port-base={value}")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "--port-base" in answer.stderr
    assert "give a number from 1024 to 65202 here or in VSS_PORT_BASE" in answer.stderr


def test_a_port_base_from_the_environment_is_held_to_the_same() -> None:
    answer = vss("up", VSS_PORT_BASE="abc")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "'abc' cannot be used" in answer.stderr
    assert "VSS_PORT_BASE" in answer.stderr


@pytest.mark.parametrize("value", ["", "a?b", "\udcff", "~nobody-of-that-name/data"])
def test_a_folder_name_that_cannot_be_used_names_option_and_remedy(value: str) -> None:
    answer = vss("up", "--data", value)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "--data" in answer.stderr
    assert "name another folder here or in VSS_DATA_DIR" in answer.stderr


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = vss("up", VSS_DATA_DIR=str(tmp_path / "file" / "data"))
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "--data DIR (or VSS_DATA_DIR)" in answer.stderr


def test_alone_it_says_what_it_can_do() -> None:
    answer = vss()
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "upload videos" in answer.stdout


@pytest.mark.parametrize("command", ["logout", "up"])
def test_an_account_without_a_home_folder_is_told_so(command: str) -> None:
    # A container's user that nobody has entered: the system knows no home of it either.
    script = "import pwd, sys; pwd.getpwuid = {}.__getitem__; from vss.cli import run; sys.exit(run(sys.argv[1:]))"
    answer = python("-c", script, command)
    assert (answer.returncode, answer.stderr.count("\n")) in ((1, 1), (2, 1)), answer.stderr
    assert "home" in answer.stderr


@pytest.mark.parametrize("arguments", [["down"], ["up", "--loud"]])
def test_what_it_does_not_know_is_one_line(arguments: list[str]) -> None:
    answer = vss(*arguments)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)


def test_a_database_url_that_cannot_be_used_names_the_option(tmp_path: Path) -> None:
    answer = vss("migrate", "--data", str(tmp_path), VSS_DATABASE_URL="nonsense")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "--database-url (or VSS_DATABASE_URL)" in answer.stderr


def test_a_database_url_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    answer = vss("migrate", "--data", str(tmp_path), VSS_DATABASE_URL_FILE="/nonexistent/url")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "VSS_DATABASE_URL_FILE: /nonexistent/url cannot be read" in answer.stderr


def test_an_older_python_is_told_which_one_is_needed() -> None:
    script = "import sys, runpy; sys.version_info = (3, 10, 4); runpy.run_module('vss', run_name='__main__')"
    answer = python("-c", script)
    assert answer.returncode == 1
    assert answer.stderr == "vss: Python 3.11 or newer is needed, this is 3.10\n"


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_an_older_python_can_read_that_far(name: str) -> None:
    ast.parse((ROOT / "vss" / name).read_text(), feature_version=(3, 7))
