"""The seven containers as an operator has them: two commands, safe by default, on MySQL's own server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import stat
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.api_client import PART_SIZE
from tests.compose.conftest import person
from tests.containers import SERVICES, Containers
from tests.waiting import eventually
from vss.grant import READS, WRITES, privileges

ENGINES = ("mysql", "seaweedfs")
SEVEN = (*ENGINES, *(f"{name}_svc" for name in (*SERVICES, "media")))
EVERY_TABLE = {table for tables in (*WRITES.values(), *READS.values()) for table in tables}


@pytest.fixture
def checkout(tmp_path: Path) -> Containers:
    """A folder in which nobody has done anything yet."""
    return Containers(tmp_path)


def test_without_secrets_every_command_stops_with_one_line_that_says_what_to_run(checkout: Containers) -> None:
    for command in (["up", "--detach"], ["ps"], ["config"]):
        said = checkout.compose(*command, check=False)
        assert len(said.strip().splitlines()) == 1, said
        assert "there are no secrets yet: run `make init` first" in said


def test_init_makes_secrets_once_and_says_so(checkout: Containers) -> None:
    said = checkout.init()
    assert re.search(r"Log in as admin with the password \S{20}\n", said)
    assert stat.S_IMODE((checkout.folder / ".env").stat().st_mode) == 0o600
    secrets = checkout.folder / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()} == {0o444}
    before = {file.name: file.read_bytes() for file in [*secrets.iterdir(), checkout.folder / ".env"]}
    assert checkout.password.encode() not in b"".join(before.values())

    assert "nothing was changed" in checkout.init()
    assert before == {file.name: file.read_bytes() for file in [*secrets.iterdir(), checkout.folder / ".env"]}


@pytest.mark.parametrize("overlay", [None, "demo", "edge"])
def test_every_overlay_is_valid(product: Containers, overlay: str | None) -> None:
    names = ("VSS_SITE=vss.example", "VSS_S3_SITE=s3.vss.example")
    files = [f"--file=compose.{overlay}.yaml"] if overlay else []
    (product.folder / "names").write_text("\n".join([(product.folder / ".env").read_text(), *names]))
    assert product.compose(f"--env-file={product.folder / 'names'}", *files, "config", "--quiet") == ""


def test_one_command_starts_seven_healthy_containers(product: Containers) -> None:
    states = [json.loads(line) for line in product.compose("ps", "--format", "json").splitlines()]
    assert {state["Service"]: state["Health"] for state in states} == dict.fromkeys(SEVEN, "healthy")
    for job in ("migrate", "bucket"):
        assert product.inspect(job)["State"]["ExitCode"] == 0
    networks = {name for service in SEVEN for name in product.inspect(service)["NetworkSettings"]["Networks"]}
    assert networks == {product.project}


def test_containers_have_no_rights_that_they_do_not_need(product: Containers) -> None:
    for service in SEVEN:
        found = product.inspect(service)
        host, config = found["HostConfig"], found["Config"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["ReadonlyRootfs"]
        assert host["Memory"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert host["LogConfig"]["Config"]["max-size"] == "10m"
        if service not in ENGINES:
            assert not host["CapAdd"]
            assert host["Init"]
            assert config["User"] == "10001:10001"
        bindings = [binding for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
        assert {binding["HostIp"] for binding in bindings} <= {"127.0.0.1"}
        assert len(bindings) == (0 if service in ("mysql", "media_svc") else 1)
        # Secrets come in files, and nowhere else.
        said = json.dumps(found)
        assert not [
            file.name
            for file in (product.folder / "secrets").iterdir()
            if file.read_text(encoding="utf-8").strip() in said
        ]


def test_each_service_reaches_its_own_tables_and_no_other(product: Containers) -> None:
    tables = product.query("SHOW TABLES").split()
    assert set(tables) <= EVERY_TABLE
    for service in SERVICES:
        statements = {
            (table, privilege): statement
            for table in tables
            for privilege, statement in {
                "SELECT": f"SELECT COUNT(*) FROM `{table}` WHERE FALSE",  # noqa: S608 - names from the server
                "DELETE": f"DELETE FROM `{table}`",  # noqa: S608
                "INSERT": f"INSERT INTO `{table}` () VALUES ()",  # noqa: S608
            }.items()
        }
        statements["accounts", "CREATE"] = "CREATE TABLE mine (a INT)"
        statements["accounts", "DROP"] = "DROP TABLE accounts"
        (product.folder / "tried.sql").write_text(
            "SET autocommit = 0;\n" + "".join(f"{statement};\nROLLBACK;\n" for statement in statements.values())
        )
        url = (product.folder / "secrets" / f"{service}_database_url").read_text(encoding="utf-8")
        found = re.fullmatch(r"mysql\+asyncmy://(\w+):(\w+)@mysql:3306/vss\n", url)
        assert found
        said = product.compose(
            *("exec", "-T", "-e", f"MYSQL_PWD={found[2]}", "mysql", "sh", "-c"),
            f"exec mysql --force --host=127.0.0.1 --user={found[1]} vss 2>&1 <<'END'\n"
            f"{(product.folder / 'tried.sql').read_text()}END",
            check=False,
        )
        # The number of the line says which statement it was: the first is on the second line, then every other one.
        refused = {int(line) for line in re.findall(r"ERROR 1142 .*? at line (\d+)", said)}
        allowed = {key for number, key in enumerate(statements) if 2 + 2 * number not in refused}
        wanted = {(table, name) for table, names in privileges(service).items() if table in tables for name in names}
        assert allowed == {key for key in wanted if key[1] != "UPDATE"}, said


def test_setting_the_rights_again_changes_nothing(product: Containers) -> None:
    said = product.compose("run", "--rm", "-T", "migrate")
    assert said.splitlines() == ["up to date", "privileges are up to date"]


def test_accounts_are_administered_in_the_container(product: Containers) -> None:
    said = product.compose("exec", "-T", "auth_svc", "vss", "account", "add", "Alice")
    password = said.split()[-1]
    listed = product.compose("exec", "-T", "auth_svc", "vss", "account", "list").splitlines()
    assert [line.split()[:2] for line in listed] == [["admin", "admin"], ["alice", "member"]]
    assert "already exist" in product.compose("exec", "-T", "auth_svc", "vss", "account", "add", "alice", check=False)

    async def log_in(word: str) -> bool:
        async with product.session() as session:
            form = {"grant_type": "password", "username": "alice", "password": word}
            async with session.post(f"{product.url('auth')}/v1/token", data=form) as answer:
                return answer.status == 200

    assert asyncio.run(log_in(password))
    other = product.compose("exec", "-T", "auth_svc", "vss", "account", "reset-password", "alice").split()[-1]
    assert asyncio.run(log_in(other))
    assert not asyncio.run(log_in(password))


async def test_mysql_finds_titles_as_people_write_them_and_keeps_them_apart(product: Containers) -> None:
    async with person(product) as admin:
        for title in ("Über den Fjord", "UBER", "straße", "東京の夜", "100 % pure"):
            await admin.upload(b"x" * 100, title=title)

        async def found(query: str) -> list[str]:
            answer = await admin.call("GET", f"{admin.stream_url}/v1/videos", params={"q": query, "sort": "title"})
            assert answer.status == 200
            return [item["title"] for item in (await answer.json())["items"]]

        assert await found("FJORD") == ["Über den Fjord"]
        assert await found("東京") == ["東京の夜"]
        assert await found("100 %") == ["100 % pure"]
        assert await found("nothing of this name") == []
        # Ids, names and keys are compared byte by byte, whatever the server's own collation.
        videos = (await (await admin.call("GET", f"{admin.stream_url}/v1/videos")).json())["items"]
        other_case = await admin.call("GET", f"{admin.stream_url}/v1/videos/{videos[0]['id'].upper()}")
        assert other_case.status == 404
        for video in videos:
            assert (await admin.call("DELETE", f"{admin.upload_url}/v1/uploads/{video['id']}")).status == 204


def test_another_container_gets_nothing_from_the_storages_inner_ports(product: Containers) -> None:
    shell = ["shell", "-master=seaweedfs:9333", "-filer=seaweedfs:8888"]
    asked = "volume.list\nfs.ls /buckets\n"
    # The storage's own container has the certificate.
    assert "vss" in product.compose("exec", "-T", "seaweedfs", "weed", *shell, said=asked)
    # It tries again for as long as one lets it.
    alone = ["docker", "run", "--rm", "-i", f"--network={product.project}", "--entrypoint=timeout"]
    stranger = [*alone, "chrislusf/seaweedfs:4.48", "15", "weed", *shell]
    ended = subprocess.run(stranger, input=asked, capture_output=True, text=True, check=False, timeout=60)
    assert "vss" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("service", ["upload_svc", "fs_svc", "seaweedfs", "mysql"])
async def test_an_upload_goes_on_after_a_container_was_killed(product: Containers, service: str) -> None:
    content = bytes(range(256)) * (3 * PART_SIZE // 256)
    async with person(product) as admin:
        upload = await admin.begin(len(content))
        assert await admin.send_part(upload["id"], 1, content[:PART_SIZE]) == 200
        product.kill(service)

        async def is_back() -> bool:
            with contextlib.suppress(OSError, aiohttp.ClientError, AssertionError):
                return await admin.send_part(upload["id"], 2, content[PART_SIZE : 2 * PART_SIZE]) == 200
            return False

        await eventually(is_back, what=f"parts go on after {service} was killed", limit_seconds=90)
        assert await admin.send_part(upload["id"], 3, content[2 * PART_SIZE :]) == 200
        answer = await admin.complete(upload["id"])
        assert answer.status == 200, await answer.text()
        assert (await admin.call("DELETE", f"{admin.upload_url}/v1/uploads/{upload['id']}")).status == 204
    product.up()


def test_the_demo_account_is_refused_where_others_could_reach_it(product: Containers) -> None:
    said = product.compose(
        *("--file=compose.demo.yaml", "run", "--rm", "-T", "-e", "AUTH_PUBLISHED_ON=0.0.0.0", "auth_svc"), check=False
    )
    assert "AUTH_DEMO_ACCOUNT: is only for this machine" in said


def test_containers_use_no_more_memory_than_an_operator_was_told(product: Containers) -> None:
    ids = [product.container(service) for service in SEVEN]
    stats = ["docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *ids]
    lines = subprocess.run(stats, check=True, capture_output=True, text=True).stdout
    used = {name: float(size) for name, size in re.findall(rf"{product.project}-(\w+_svc)-1 ([\d.]+)MiB", lines)}
    assert used.keys() == {f"{name}_svc" for name in (*SERVICES, "media")}
    assert max(used.values()) < 200
