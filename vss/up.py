"""`vss up`: everything on one machine, in one folder, until somebody stops it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path

from vss import seaweedfs
from vss.child import run_module
from vss.console import Console, Mood
from vss.data_folder import DataFolder
from vss.errors import Refusal
from vss.options import DEFAULT_PORT_BASE, add_data_option, add_port_base_option
from vss.ports import PublicPorts, refuse_taken, remove_engine_sockets
from vss.services import WORKER, is_worker_unwanted, services
from vss.supervisor import Supervisor

# The order in which they stop: whoever asks another is gone before it. The engine is last.
STOP_ORDER = ("stream", "upload", "fs", "auth")
# Together less than the 10 s that are promised. The engine needs about 2.5 s, or, one time in ten or so, 30: it
# waits for a connection between its own parts that was opened and never used. Killed then, it loses nothing.
SERVICES_STOP_SECONDS = 5.0
ENGINE_STOP_SECONDS = 4.0


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("up", help="run everything on this machine")
    add_port_base_option(parser)
    add_data_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP; returns 0 after an orderly stop."""
    # Whatever is made from here on, by children too, is for nobody else.
    os.umask(0o077)
    console = Console(sys.stdout)
    folder = DataFolder.prepare(arguments.data)
    ports = PublicPorts(arguments.port_base)
    with folder.locked():
        refuse_taken(ports)
        console.step("data folder", "ready", str(folder.path))
        asyncio.run(_run(console, folder, ports))
    return 0


async def _run(console: Console, folder: DataFolder, ports: PublicPorts) -> None:
    engine = seaweedfs.prepare(
        folder,
        port=ports["storage"],
        origins=[ports.url("upload"), ports.url("stream")],
        environment=os.environ,
        avoid_ports=ports.by_name().values(),
    )
    supervisor = Supervisor(console, folder.logs)
    stop_asked = _stop_asked(supervisor)
    work = asyncio.create_task(_work(console, supervisor, folder, ports, engine))
    asked = asyncio.create_task(stop_asked.wait())
    try:
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        if stop_asked.is_set():
            console.say()
            console.step("everything", "stopping", "press Ctrl-C again to stop at once", Mood.QUIET)
        asked.cancel()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        # The worker ends beside them and costs them no time; it gives its job back before upload_svc's turn comes.
        await asyncio.gather(
            supervisor.stop([WORKER], within_seconds=SERVICES_STOP_SECONDS),
            supervisor.stop(STOP_ORDER, within_seconds=SERVICES_STOP_SECONDS),
        )
        await supervisor.stop([seaweedfs.NAME], within_seconds=ENGINE_STOP_SECONDS)
        remove_engine_sockets(folder.engine_ports)
        console.step("everything", "stopped", str(folder.path), Mood.QUIET)


def _stop_asked(supervisor: Supervisor) -> asyncio.Event:
    """An event that the first signal to stop sets; a second one makes the supervisor hurry."""
    asked = asyncio.Event()

    def stop() -> None:
        if asked.is_set():
            supervisor.hurry()
        asked.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup ignores SIGHUP for us; that holds.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    return asked


async def _migrate(folder: DataFolder, console: Console) -> None:
    ended = await run_module("vss", "migrate", "--data", str(folder.path))
    if ended.exit_code:
        raise Refusal(ended.errors.removeprefix("vss: ") or "the database could not be migrated")
    console.step("database", "ready", ended.output.splitlines()[-1])


def _command_line(ports: PublicPorts) -> str:
    """How `vss` is called from where we were started, for this server."""
    program = Path(sys.executable).with_name("vss")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    elsewhere = "" if ports.base == DEFAULT_PORT_BASE else f"VSS_PORT_BASE={ports.base} "
    called = [str(program)] if program.exists() else [sys.executable, "-m", "vss"]
    return elsewhere + shlex.join(called)


def _install(package: str) -> str:
    """What to type, so that this very Python has it."""
    return shlex.join([sys.executable, "-m", "pip", "install", package])


async def _work(
    console: Console, supervisor: Supervisor, folder: DataFolder, ports: PublicPorts, engine: seaweedfs.Engine
) -> None:
    """Starts everything, says so, and keeps it running until it is cancelled; raises the first `Refusal`.

    The engine starts beside the migration, and the services once the tables are there; fs_svc says that it is
    not ready until the engine is.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            is_ready = {name: asyncio.Event() for name in ports.by_name()}
            tasks.create_task(supervisor.keep(engine.child, is_ready[engine.child.name]))
            tasks.create_task(supervisor.keep_logs_short())
            await _migrate(folder, console)
            children = {child.name: child for child in services(folder, ports, engine.bucket, os.environ)}
            worker = children.pop(WORKER, None)
            for child in children.values():
                tasks.create_task(supervisor.keep(child, is_ready[child.name]))
            for name in (engine.child.name, *children):
                await is_ready[name].wait()
            # Nobody waits for the worker, and it has nothing to do before the others are there.
            if worker is not None:
                tasks.create_task(supervisor.keep(worker, is_ready[worker.name]))
            elif is_worker_unwanted(os.environ):
                console.step(WORKER, "left out", "no pictures of videos: MEDIA_JOBS is 0")
            else:
                console.step(WORKER, "left out", f"no pictures of videos without PyAV: {_install('av')}", Mood.WARNING)
            console.say()
            console.say(f"  Open {ports.url('stream')} and log in as admin / admin")
            console.say("  (a demo account, reachable only from this machine). Press Ctrl-C to stop everything.")
            console.say(f"  From another terminal: {_command_line(ports)} login")
            console.say()
    except* (Refusal, OSError) as group:
        # One reason is enough for one line; the others follow from it.
        reason = group.exceptions[0]
    else:
        return
    raise reason
