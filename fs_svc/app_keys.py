"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from fs_svc.adopting import Adopting
from fs_svc.companion.by_form import ByForm
from fs_svc.comparing import Comparing
from fs_svc.derived.films import Films
from fs_svc.derived.in_parts import InParts
from fs_svc.derived.lifecycle import DerivedObjects
from fs_svc.derived.pictures import Pictures
from fs_svc.installation import Installation
from fs_svc.metrics import StorageMetrics
from fs_svc.reconciling import Reconciling
from fs_svc.s3 import Bucket
from fs_svc.sources import Sources
from fs_svc.uploads.excess import ExcessCheck
from fs_svc.uploads.lifecycle import Uploads
from fs_svc.uploads.settling import Settling

UPLOADS: Final = web.AppKey("uploads", Uploads)
SOURCES: Final = web.AppKey("sources", Sources)
DERIVED: Final = web.AppKey("derived", DerivedObjects)
IN_PARTS: Final = web.AppKey("in_parts", InParts)
PICTURES: Final = web.AppKey("pictures", Pictures)
FILMS: Final = web.AppKey("films", Films)
STORAGE_METRICS: Final = web.AppKey("storage_metrics", StorageMetrics)
RECONCILING: Final = web.AppKey("reconciling", Reconciling)
COMPARING: Final = web.AppKey("comparing", Comparing)
ADOPTING: Final = web.AppKey("adopting", Adopting)
INSTALLATION: Final = web.AppKey("installation", Installation)
SETTLING: Final = web.AppKey("settling", Settling)
EXCESS_CHECK: Final = web.AppKey("excess_check", ExcessCheck)
FORMS: Final = web.AppKey("forms", ByForm)
BUCKET: Final = web.AppKey("bucket", Bucket)
