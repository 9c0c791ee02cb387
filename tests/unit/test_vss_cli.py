"""The command line: every expected trouble is one line that names the remedy, and the right exit code."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests import components
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
    assert "vss upload holiday.mp4" in answer.stdout
    assert vss("help").stdout == vss("--help").stdout == answer.stdout
    assert "--visibility" in vss("help", "upload").stdout


@pytest.mark.parametrize("command", ["logout", "up"])
def test_an_account_without_a_home_folder_is_told_so(command: str) -> None:
    # A container's user that nobody has entered: the system knows no home of it either.
    script = "import pwd, sys; pwd.getpwuid = {}.__getitem__; from vss.cli import run; sys.exit(run(sys.argv[1:]))"
    answer = python("-c", script, command)
    assert (answer.returncode, answer.stderr.count("\n")) in ((1, 1), (2, 1)), answer.stderr
    assert "home" in answer.stderr


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ("share ID --list --views 3", "--views is for a new link alone"),
        ("share ID --with bob --embed-on https://lms.example", "--embed-on is for a new link alone"),
        ("share ID --group Editors --at 0", "--at is for a new link alone"),
        ("share ID --revoke LINK --expires 7d", "--expires is for sharing anew"),
        ("collection share Course --everyone --ask-password", "--ask-password is for a new link alone"),
        ("collection share Course --list --manage", "--manage goes with --with or --group alone"),
    ],
)
def test_sharing_passes_over_no_option(options: str, refusal: str) -> None:
    answer = vss(*options.replace("ID", "a" * 26).replace("LINK", "b" * 26).split())
    assert (answer.returncode, answer.stderr) == (2, f"vss: {refusal}\n")


@pytest.mark.parametrize("arguments", [["down"], ["up", "--loud"]])
def test_what_it_does_not_know_is_one_line(arguments: list[str]) -> None:
    answer = vss(*arguments)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)


def test_a_mistyped_command_is_told_the_nearest_one() -> None:
    assert vss("uplod").stderr == "vss: there is no command 'uplod'; did you mean `vss upload`?\n"
    assert vss("frobnicate").stderr == "vss: there is no command 'frobnicate'; `vss` lists all commands\n"


def test_a_password_is_not_taken_where_others_can_read_it() -> None:
    for arguments in (["--password", "tide-lamp"], ["--password=tide-lamp"]):
        answer = vss("login", "--username", "amal", *arguments)
        assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
        assert "--password-stdin" in answer.stderr
        assert "tide-lamp" not in answer.stderr


# Each shell says what it would offer after `vss edit x --visibility pu` and `vss res`.
_SHELLS = {
    "bash": """
        offered() { COMP_LINE=$1 COMP_POINT=${#1}; _python_argcomplete vss; echo $COMPREPLY; }
        eval "$(vss completion bash)"; offered 'vss edit x --visibility pu'; offered 'vss res'
    """,
    "fish": """
        vss completion fish | source
        for line in 'vss edit x --visibility pu' 'vss res'; complete --do-complete $line | cut -f 1; end
    """,
    # It completes for somebody who types, and for nobody else.
    "zsh": r"""
        zmodload zsh/zpty
        zpty shell zsh --no-rcs -i
        zpty -w shell 'autoload -U compinit && compinit -u -D; eval "$(vss completion zsh)"'
        zpty -w -n shell $'vss edit x --visibility pu\t'
        zpty -r -m shell seen '*public*' && echo public
        zpty -w -n shell $'\C-uvss res\t'
        zpty -r -m shell seen '*restore*' && echo restore
    """,
}


@pytest.mark.parametrize("shell", _SHELLS)
def test_tab_completes_in(shell: str, tmp_path: Path) -> None:
    program = components.program((shell,), what=shell, debian=shell, macos=shell)
    command = tmp_path / "vss"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m vss "$@"\n')
    command.chmod(0o755)
    answer = subprocess.run(
        [program, "-c", _SHELLS[shell]],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.stdout.split() == ["public", "restore"], answer.stderr


def test_a_client_needs_no_package_of_the_server() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    servers = {re.split(r"[^\w-]", one)[0].lower() for one in extras["server"]}
    missing = [name for name, of in packages_distributions().items() if servers & {one.lower() for one in of}]
    assert {"cryptography", "sqlalchemy", "uvloop"} <= set(missing)
    script = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))
import vss.remote
for module in pkgutil.iter_modules(vss.remote.__path__, "vss.remote."):
    importlib.import_module(module.name)
from vss.cli import run
run(["--help"])
"""
    answer = python("-c", script, *missing)
    assert "upload videos" in answer.stdout, answer.stderr
    assert "run everything on this machine" not in answer.stdout


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
