"""Where handlers find the domain objects that the composition root has built."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from upload_svc.account_deletions import VideosOfDeletedAccounts
from upload_svc.grants import Grants
from upload_svc.jobs import Jobs
from upload_svc.metrics import JobMetrics
from upload_svc.own_pictures import OwnPictures
from upload_svc.previews import Previews
from upload_svc.renditions import MakeRenditions, PlanRenditions
from upload_svc.settling import Settling
from upload_svc.uploads import Uploads

UPLOADS: Final = web.AppKey("uploads", Uploads)
SETTLING: Final = web.AppKey("settling", Settling)
JOBS: Final = web.AppKey("jobs", Jobs)
JOB_METRICS: Final = web.AppKey("job_metrics", JobMetrics)
ACCOUNT_DELETIONS: Final = web.AppKey("account_deletions", VideosOfDeletedAccounts)
OWN_PICTURES: Final = web.AppKey("own_pictures", OwnPictures)
GRANTS: Final = web.AppKey("grants", Grants)
RENDITIONS: Final = web.AppKey("renditions", MakeRenditions)
PLANS: Final = web.AppKey("plans", PlanRenditions)
PREVIEWS: Final = web.AppKey("previews", Previews)
