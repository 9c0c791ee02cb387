"""What the services of an installation have logged, and what of it should not be there."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tests.product import Product

# A JWT, a signature, a query string with one, an argon2 hash, and where cookies and credentials travel.
_SECRETS: Final = re.compile(
    r"eyJ[\w-]{10,}\.|X-Amz-Signature|X-Amz-Credential|\$argon2|[Bb]earer [\w-]{8,}|vss_session\w*="
)


def lines_of(product: Product) -> list[dict[str, Any]]:
    """Every line of every service."""
    return [
        json.loads(line)
        for log in product.data.glob("logs/*.log")
        if log.stem in ("auth", "fs", "upload", "stream")
        for line in log.read_text(encoding="utf-8").splitlines()
    ]


def secrets_in_logs(product: Product) -> list[str]:
    """What looks like a secret in any log or in what `vss up` has printed, and the names of its own secrets there."""
    everything = product.output + "\n".join(
        log.read_text(encoding="utf-8", errors="replace") for log in product.data.glob("logs/*") if log.is_file()
    )
    own = [secret for secret in (product.data / "secrets").iterdir() if secret.read_text("utf-8").strip() in everything]
    return [*_SECRETS.findall(everything), *(secret.name for secret in own)]
