"""The audit log as administrators read it."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from auth_svc.app_keys import ADMINISTRATION, AUDIT
from auth_svc.asking import administration_for
from auth_svc.audit.audit import WORDS, about
from auth_svc.models import SearchQuery
from common.audit import AuditEntry
from common.languages import gettext
from common.web.pages import render
from common.web.requests import read_query


async def audit_page(request: web.Request) -> web.Response:
    await administration_for(request)
    asked = read_query(request, SearchQuery)
    entries, next_cursor = await request.app[AUDIT].list(None, q=asked.q, cursor=asked.cursor, limit=asked.limit)
    context = {
        "entries": await entries_in_words(request, entries),
        "searched": asked.q,
        "is_first_page": asked.cursor is None,
        "first_url": request.rel_url.without_query_params("cursor"),
        "next_url": None if next_cursor is None else request.rel_url.update_query(cursor=next_cursor),
    }
    return render(request, "admin_audit.html", context)


async def entries_in_words(
    request: web.Request, entries: Sequence[AuditEntry], *, page_of: str | None = None
) -> list[dict[str, object]]:
    """Entries as people read them: names for ids, words for actions; whose page it is need not be said on it."""
    ids = {account_id for entry in entries for account_id in (entry.actor_id, entry.target_id) if account_id}
    names = await request.app[ADMINISTRATION].usernames(ids)
    return [
        {
            "at": entry.at,
            "words": gettext(WORDS.get(entry.action, entry.action)),
            "actor": names.get(entry.actor_id or ""),
            "actor_id": entry.actor_id,
            # The account it was done to, where that is not who did it.
            "target": None if entry.target_id in (entry.actor_id, page_of) else names.get(entry.target_id or ""),
            "target_id": entry.target_id,
            "about": about(entry),
            "address": entry.address,
            "request_id": entry.request_id,
        }
        for entry in entries
    ]
