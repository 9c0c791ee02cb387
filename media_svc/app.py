"""media_svc's composition root."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from common.clock import Clock, utc_now
from common.service_client import ServiceClient, ServiceTokens
from common.web.app import http_session, new_worker_app
from common.web.background import background
from common.web.keys import READINESS
from common.web.metrics import METRICS
from contracts.media import Task
from media_svc.jail import Jail
from media_svc.looking import Looking
from media_svc.metrics import WorkMetrics
from media_svc.outputs import Bucket
from media_svc.rendering import MakeRenditions
from media_svc.settings import Settings
from media_svc.upload_client import UploadClient
from media_svc.worker import Worker

WORKER: Final = web.AppKey("worker", Worker)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> web.Application:
    """The application; what must await happens when it starts."""
    app = new_worker_app("media")

    @asynccontextmanager
    async def domain(app: web.Application) -> AsyncIterator[None]:
        async with http_session() as session:
            secret = settings.client_secret.get_secret_value()
            tokens = ServiceTokens(session, settings.auth_url, client_id="media", client_secret=secret, clock=clock)
            jail = Jail(niceness=settings.niceness)
            jobs = UploadClient(
                ServiceClient(session, settings.upload_url, tokens),
                name=socket.gethostname()[:64],
                is_outside=settings.is_outside,
                landlock=lambda: jail.landlock,
            )
            looking = Looking(session, jail)
            rendering = MakeRenditions(session, jail)
            makers = {
                Task.LOOK: looking.look,
                Task.PICTURE: looking.picture,
                Task.STORYBOARD: looking.storyboard,
                Task.SOUND: rendering.make,
                Task.CHUNK: rendering.make,
            }
            metrics = WorkMetrics(app[METRICS], landlock=lambda: jail.landlock)
            app[WORKER] = worker = Worker(jobs, Bucket(session), metrics, makers=makers)
            app[READINESS] = {"jobs": worker.check}
            yield

    async def work(app: web.Application) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(settings.jobs):
                tasks.create_task(app[WORKER].run())

    app.cleanup_ctx.extend([domain, background(work, name="jobs")])
    return app
