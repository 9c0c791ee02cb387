"""The forms of /account that end sessions; they work without JavaScript and lead back to the page."""

from __future__ import annotations

from aiohttp import web

from auth_svc.accounts.pages import back_to_account
from auth_svc.app_keys import ACCOUNT_SESSIONS
from auth_svc.asking import asker_of


async def end_session(request: web.Request) -> web.Response:
    await request.app[ACCOUNT_SESSIONS].end_by_id(asker_of(request), request.match_info["session_id"])
    return back_to_account("session")


async def end_other_sessions(request: web.Request) -> web.Response:
    await request.app[ACCOUNT_SESSIONS].end_others(asker_of(request))
    return back_to_account("sessions")
