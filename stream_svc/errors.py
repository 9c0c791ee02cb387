"""Every refusal of stream_svc that is its own."""

from __future__ import annotations

from common.errors import Forbidden, Refusal
from common.languages import N_


class FormatNotOffered(Refusal):
    """What was asked for exists, in another format."""

    code = "format-not-offered"

    def __init__(self) -> None:
        super().__init__(N_("This is available as JSON only. Send format=json."))


class PasswordNeeded(Forbidden):
    """The link has a password, which this visitor has not typed."""

    def __init__(self) -> None:
        super().__init__(N_("This link has a password. Open it in a browser and enter the password."))
