"""Forms that a browser sends a file to S3 with, signed by their policy.

The rules and their names are those of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html.
"""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

from common.clock import rfc3339
from contracts.objects import Form
from fs_svc.sigv4 import ALGORITHM, Presigner, signing_key


def sign_form(
    signer: Presigner, object_key: str, *, now: datetime, lifetime: timedelta, content_type: str, most: int
) -> Form:
    """A form that takes one file of 1 to `most` bytes, as `content_type`, from `now` for `lifetime`.

    Every field has a condition in the policy, so that none can be changed.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    amz_date = now.strftime("%Y%m%dT%H%M%SZ")
    fields = {
        "key": object_key,
        "success_action_status": "201",
        "Content-Type": content_type,
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{signer.access_key_id}/{amz_date[:8]}/{signer.region}/s3/aws4_request",
        "x-amz-date": amz_date,
    }
    conditions: list[object] = [{name: value} for name, value in fields.items()]
    conditions += [{"bucket": signer.bucket}] if signer.bucket else []
    conditions.append(["content-length-range", 1, most])
    expires_at = now + lifetime
    policy = json.dumps({"expiration": rfc3339(expires_at), "conditions": conditions})
    fields["policy"] = base64.b64encode(policy.encode()).decode()
    key = signing_key(signer.secret_access_key, amz_date[:8], signer.region, "s3")
    fields["x-amz-signature"] = hmac.digest(key, fields["policy"].encode(), "sha256").hex()
    return Form(url=f"{signer.origin}/{signer.bucket}", fields=fields, expires_at=expires_at)
