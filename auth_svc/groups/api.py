"""Groups and their members, for administrators, managers and those who are in them."""

from __future__ import annotations

from aiohttp import web

from auth_svc.app_keys import GROUPS
from auth_svc.asking import asker_of
from auth_svc.groups import models
from auth_svc.models import ListQuery, SearchQuery
from common.idempotency import Claim
from common.web.idempotency import create_once
from common.web.requests import id_in_path, read_json, read_query
from common.web.responses import json_response
from contracts.accounts import AskAccount, NamedAccount


async def create_group(request: web.Request) -> web.Response:
    """For administrators: creates a group."""
    by = asker_of(request)
    asked = await read_json(request, models.CreateGroup)

    async def create(claim: Claim | None) -> models.Group:
        remember = (
            None if claim is None else lambda group: claim.keep(models.Group.model_validate(group).model_dump_json())
        )
        group = await request.app[GROUPS].add(
            by, asked.name, description=asked.description, manager_ids=asked.managers, remember=remember
        )
        return models.Group.model_validate(group)

    created = await create_once(request, asked, models.Group, create)
    location = request.app.router["get-group"].url_for(group_id=created.id)
    return json_response(created, status=201, headers={"Location": str(location)})


async def list_groups(request: web.Request) -> web.Response:
    """Your groups, or for administrators all of them, by name."""
    asked = read_query(request, SearchQuery)
    groups, next_cursor = await request.app[GROUPS].list(
        asker_of(request), q=asked.q, cursor=asked.cursor, limit=asked.limit
    )
    items = [models.Group.model_validate(group) for group in groups]
    return json_response(models.GroupPage(items=items, next_cursor=next_cursor))


async def get_group(request: web.Request) -> web.Response:
    """A group that you are in; for administrators any."""
    group = await request.app[GROUPS].get(asker_of(request), id_in_path(request, "group_id"))
    return json_response(models.Group.model_validate(group))


async def edit_group(request: web.Request) -> web.Response:
    """For administrators: changes a group's name, its description, and who manages it."""
    by, group_id = asker_of(request), id_in_path(request, "group_id")
    asked = await read_json(request, models.EditGroup)
    group = await request.app[GROUPS].change(
        by, group_id, name=asked.name, description=asked.description, manager_ids=asked.managers
    )
    return json_response(models.Group.model_validate(group))


async def delete_group(request: web.Request) -> web.Response:
    """For administrators: deletes a group; its members' accounts stay."""
    await request.app[GROUPS].delete(asker_of(request), id_in_path(request, "group_id"))
    return web.Response(status=204)


async def list_members(request: web.Request) -> web.Response:
    """For a group's managers and administrators: its members, by username."""
    asked = read_query(request, ListQuery)
    members, next_cursor = await request.app[GROUPS].members(
        asker_of(request), id_in_path(request, "group_id"), cursor=asked.cursor, limit=asked.limit
    )
    items = [models.Member.model_validate(member) for member in members]
    return json_response(models.MemberPage(items=items, next_cursor=next_cursor))


async def put_member(request: web.Request) -> web.Response:
    """For a group's managers and administrators: adds an account; administrators also say whether it manages."""
    by, group_id, account_id = asker_of(request), id_in_path(request, "group_id"), id_in_path(request, "account_id")
    asked = await read_json(request, models.PutMember)
    await request.app[GROUPS].put_member(by, group_id, account_id, is_manager=asked.is_manager)
    return web.Response(status=204)


async def remove_member(request: web.Request) -> web.Response:
    """For a group's managers and administrators: removes an account; tokens name the group for up to 5 minutes."""
    by, group_id, account_id = asker_of(request), id_in_path(request, "group_id"), id_in_path(request, "account_id")
    await request.app[GROUPS].remove_member(by, group_id, account_id)
    return web.Response(status=204)


async def find_account(request: web.Request) -> web.Response:
    """For administrators and managers of groups: the account with this username."""
    account = await request.app[GROUPS].find_account(asker_of(request), read_query(request, AskAccount).username)
    return json_response(NamedAccount(id=account.id, username=account.username))
