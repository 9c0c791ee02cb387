"""fs_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.web.routes import delete, get, post, put
from contracts.objects import (
    AdoptObject,
    AskSources,
    AskUsage,
    CompleteObject,
    Describe,
    Described,
    Form,
    HandedOver,
    HandOver,
    Hold,
    ListLost,
    LostObjects,
    PartUrls,
    QuotaUsage,
    SignedSources,
    StoredObject,
    UsageOfOwners,
)
from contracts.reports import StorageReport
from fs_svc import api
from fs_svc.models import AskPartUrls, CreateObject

_SUBJECT: Final = {"Vss-Subject-Token": "The access token of the person for whom the service asks."}

# S3 puts up to 10,000 parts together.
_COMPLETE_SECONDS: Final = 60

API: Final = (
    put(
        "/v1/objects/{id}",
        api.create_object,
        {200: StoredObject},
        body=CreateObject,
        headers=_SUBJECT,
        refusals=("conflict", "quota-exceeded", "storage-unavailable"),
    ),
    post(
        "/v1/objects/{id}/part-urls",
        api.create_part_urls,
        {200: PartUrls},
        body=AskPartUrls,
        headers=_SUBJECT,
        refusals=("conflict", "part-differs", "quota-exceeded", "storage-unavailable", "upload-not-open"),
    ),
    post("/v1/objects/{id}/form", api.create_form, {200: Form}, headers=_SUBJECT, refusals=("upload-not-open",)),
    get("/v1/objects/{id}", api.get_object, {200: StoredObject}, headers=_SUBJECT, refusals=("storage-unavailable",)),
    post(
        "/v1/objects/{id}/complete",
        api.complete_object,
        {200: StoredObject, 202: StoredObject},
        body=CompleteObject,
        is_body_optional=True,
        headers=_SUBJECT,
        time_limit_seconds=_COMPLETE_SECONDS,
        refusals=(
            "file-differs",
            "part-ambiguous",
            "parts-missing",
            "quota-exceeded",
            "storage-unavailable",
            "upload-not-open",
        ),
    ),
    delete("/v1/objects/{id}", api.delete_object, {200: StoredObject}, headers=_SUBJECT),
    post("/v1/objects/describe", api.describe_objects, {200: Described}, body=Describe),
    post("/v1/objects/hand-over", api.hand_over_objects, {200: HandedOver}, body=HandOver),
    get("/v1/usage", api.get_usage, {200: QuotaUsage}, headers=_SUBJECT),
    post("/v1/usage", api.list_usage, {200: UsageOfOwners}, body=AskUsage),
    get("/v1/report", api.get_report, {200: StorageReport}),
    get("/v1/hold", api.get_hold, {200: Hold}, refusals=("storage-unavailable",)),
    get(
        "/v1/lost-objects",
        api.list_lost_objects,
        {200: LostObjects},
        query=ListLost,
        refusals=("conflict", "storage-unavailable"),
    ),
    put(
        "/v1/objects/{id}/adopt",
        api.adopt_object,
        {200: StoredObject},
        body=AdoptObject,
        refusals=("conflict", "storage-unavailable"),
    ),
    post("/v1/sources", api.sign_sources, {200: SignedSources}, body=AskSources),
)
