"""fs_svc's table of contents."""

from __future__ import annotations

from typing import Final

from common.errors import Conflict, Forbidden, Invalid, RateLimited, StorageUnavailable
from common.web.routes import Route
from fs_svc import api
from fs_svc.errors import PartAmbiguous, PartDiffers, PartsHeld, PartsMissing, QuotaExceeded, UploadNotOpen
from fs_svc.models import (
    AskPartUrls,
    AskSources,
    AskUsage,
    CreateObject,
    Describe,
    Described,
    HandedOver,
    HandOver,
    ObjectView,
    PartUrlsView,
    SignedSources,
    StorageReport,
    UsageOfOwners,
    UsageView,
)

_SUBJECT: Final = {"Vss-Subject-Token": "The access token of the person for whom the service asks."}

API: Final = (
    Route(
        method="PUT",
        path="/v1/objects/{id}",
        handler=api.create_object,
        name="create-object",
        summary="Plans, reserves and opens an upload; the same again for the same id.",
        body=CreateObject,
        answers={200: ObjectView},
        refusals=(Forbidden, Conflict, QuotaExceeded, RateLimited, StorageUnavailable),
        headers=_SUBJECT,
    ),
    Route(
        method="POST",
        path="/v1/objects/{id}/part-urls",
        handler=api.create_part_urls,
        name="create-part-urls",
        summary="Presigned URLs for up to 100 parts.",
        body=AskPartUrls,
        answers={200: PartUrlsView},
        refusals=(Forbidden, UploadNotOpen, PartDiffers, PartsHeld, RateLimited, StorageUnavailable),
        headers=_SUBJECT,
    ),
    Route(
        method="GET",
        path="/v1/objects/{id}",
        handler=api.get_object,
        name="get-object",
        summary="An object and, while it is open, the parts that S3 holds.",
        answers={200: ObjectView},
        refusals=(Forbidden, StorageUnavailable),
        headers=_SUBJECT,
    ),
    Route(
        method="POST",
        path="/v1/objects/{id}/complete",
        handler=api.complete_object,
        name="complete-object",
        summary="Makes the parts one object, once, however often it is asked for.",
        answers={200: ObjectView, 202: ObjectView},
        refusals=(Forbidden, UploadNotOpen, PartAmbiguous, PartsMissing, StorageUnavailable),
        headers=_SUBJECT,
        # S3 puts up to 10,000 parts together.
        time_limit_seconds=60,
    ),
    Route(
        method="DELETE",
        path="/v1/objects/{id}",
        handler=api.delete_object,
        name="delete-object",
        summary="Aborts what is unfinished, deletes what is stored; ask again until it is aborted or deleted.",
        answers={200: ObjectView},
        refusals=(Forbidden,),
        headers=_SUBJECT,
    ),
    Route(
        method="POST",
        path="/v1/objects/describe",
        handler=api.describe_objects,
        name="describe-objects",
        summary="Up to 100 objects as this service knows them; S3 is not asked.",
        body=Describe,
        answers={200: Described},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/v1/objects/hand-over",
        handler=api.hand_over_objects,
        name="hand-over-objects",
        summary="Makes up to 100 objects another person's, whatever their quota; the same again changes nothing.",
        body=HandOver,
        answers={200: HandedOver},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/v1/usage",
        handler=api.get_usage,
        name="get-usage",
        summary="What a person's uploads take up, and how much they may.",
        answers={200: UsageView},
        refusals=(Forbidden,),
        headers=_SUBJECT,
    ),
    Route(
        method="POST",
        path="/v1/usage",
        handler=api.list_usage,
        name="list-usage",
        summary="What the uploads of up to 100 people take up.",
        body=AskUsage,
        answers={200: UsageOfOwners},
        refusals=(Forbidden,),
    ),
    Route(
        method="GET",
        path="/v1/report",
        handler=api.get_report,
        name="get-report",
        summary="What comparing the bucket with the rows has found last.",
        answers={200: StorageReport},
        refusals=(Forbidden,),
    ),
    Route(
        method="POST",
        path="/v1/sources",
        handler=api.sign_sources,
        name="sign-sources",
        summary="Presigned URLs of up to 100 stored objects.",
        body=AskSources,
        answers={200: SignedSources},
        refusals=(Forbidden, Invalid),
    ),
)
