"""fs_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.web.routes import delete, get, post, put
from contracts import derived, objects
from contracts.media import JobSource, Outputs
from contracts.reports import StorageStatus
from fs_svc import api
from fs_svc.models import AskPartUrls, CreateObject

_SUBJECT: Final = {"Vss-Subject-Token": "The access token of the person for whom the service asks."}

# S3 puts up to 10,000 parts together.
_COMPLETE_SECONDS: Final = 60

API: Final = (
    put(
        "/v1/objects/{id}",
        api.create_object,
        {200: objects.StoredObject},
        body=CreateObject,
        headers=_SUBJECT,
        refusals=("conflict", "quota-exceeded", "storage-unavailable"),
    ),
    post(
        "/v1/objects/{id}/part-urls",
        api.create_part_urls,
        {200: objects.PartUrls},
        body=AskPartUrls,
        headers=_SUBJECT,
        refusals=("conflict", "part-differs", "quota-exceeded", "storage-unavailable", "upload-not-open"),
    ),
    post(
        "/v1/objects/{id}/form", api.create_form, {200: objects.Form}, headers=_SUBJECT, refusals=("upload-not-open",)
    ),
    get(
        "/v1/objects/{id}",
        api.get_object,
        {200: objects.StoredObject},
        headers=_SUBJECT,
        refusals=("storage-unavailable",),
    ),
    post(
        "/v1/objects/{id}/complete",
        api.complete_object,
        {200: objects.StoredObject, 202: objects.StoredObject},
        body=objects.CompleteObject,
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
    delete("/v1/objects/{id}", api.delete_object, {200: objects.StoredObject}, headers=_SUBJECT),
    post("/v1/objects/describe", api.describe_objects, {200: objects.Described}, body=objects.Describe),
    post("/v1/objects/hand-over", api.hand_over_objects, {200: objects.HandedOver}, body=objects.HandOver),
    get("/v1/usage", api.get_usage, {200: objects.QuotaUsage}, headers=_SUBJECT),
    post("/v1/usage", api.list_usage, {200: objects.UsageOfOwners}, body=objects.AskUsage),
    get("/v1/storage", api.get_storage, {200: StorageStatus}),
    post("/v1/storage/check", api.check_storage, {204: None}),
    get("/v1/hold", api.get_hold, {200: objects.Hold}, refusals=("storage-unavailable",)),
    get(
        "/v1/lost-objects",
        api.list_lost_objects,
        {200: objects.LostObjects},
        query=objects.ListLost,
        refusals=("conflict", "storage-unavailable"),
    ),
    put(
        "/v1/objects/{id}/adopt",
        api.adopt_object,
        {200: objects.StoredObject},
        body=objects.AdoptObject,
        refusals=("conflict", "storage-unavailable"),
    ),
    put(
        "/v1/derived/{id}",
        api.create_derived,
        {200: Outputs},
        body=derived.CreateDerived,
        refusals=("conflict",),
    ),
    post(
        "/v1/derived/{id}/complete",
        api.complete_derived,
        {200: derived.DerivedObject},
        refusals=("conflict", "storage-unavailable"),
    ),
    post(
        "/v1/derived/{id}/part-url",
        api.create_derived_part_url,
        {200: Outputs},
        body=derived.AskDerivedPart,
        refusals=("conflict", "storage-unavailable"),
    ),
    post(
        "/v1/derived/{id}/complete-parts",
        api.complete_derived_parts,
        {200: derived.DerivedObject},
        body=derived.CompleteInParts,
        refusals=("conflict", "storage-unavailable"),
    ),
    post("/v1/derived/{id}/source", api.sign_sent_picture, {200: JobSource}, body=derived.AskSentPicture),
    post("/v1/derived/delete", api.delete_derived, {204: None}, body=derived.DeleteDerived),
    post("/v1/pictures", api.sign_pictures, {200: derived.SignedPictures}, body=derived.AskPictures),
    post("/v1/renditions", api.sign_renditions, {200: derived.SignedRenditions}, body=derived.AskRenditions),
    post("/v1/sources", api.sign_sources, {200: objects.SignedSources}, body=objects.AskSources),
)
