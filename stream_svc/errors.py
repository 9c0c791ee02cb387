"""Every refusal of stream_svc that is its own."""

from __future__ import annotations

from common.errors import Refusal
from common.languages import N_


class FormatNotOffered(Refusal):
    """What was asked for exists, in another format."""

    code = "format-not-offered"

    def __init__(self) -> None:
        super().__init__(N_("This is available as JSON only. Send format=json."))
