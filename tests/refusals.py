"""Refusals as they are answered, compared with those that their routes declare."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Self

from auth_svc.routes import API as AUTH
from common.web import middlewares
from common.web.routes import Route
from fs_svc.routes import API as FS
from stream_svc.routes import API as STREAM
from upload_svc.routes import API as UPLOAD

APIS: Final[dict[str, Sequence[Route]]] = {"auth": AUTH, "fs": FS, "upload": UPLOAD, "stream": STREAM}
_DECLARED: Final = {(service, route.name): route.codes for service, api in APIS.items() for route in api}


class UndeclaredRefusals(logging.Handler):
    """Collects the refusals of this process's services that their descriptions do not have; pages declare none."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: set[str] = set()

    def __enter__(self) -> Self:
        middlewares.logger.addHandler(self)
        middlewares.logger.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        middlewares.logger.setLevel(logging.NOTSET)
        middlewares.logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg != "refused":
            return
        service, route, code = (getattr(record, name) for name in ("service", "route", "code"))
        if code not in _DECLARED.get((service, route), [code]):
            self.found.add(f"{service}: {route} answers {code}")
