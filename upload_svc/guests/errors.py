"""What guests are refused, in words for somebody who has an address and no account."""

from __future__ import annotations

from common.errors import Conflict, Forbidden, NotFound, RateLimited, TooLarge
from common.languages import N_


class LinkEnded(NotFound):
    """The same for all ends: who has none is not told that there was one."""

    def __init__(self) -> None:
        super().__init__(
            N_("This link doesn’t work. It may have ended or been revoked: ask whoever sent it for another one.")
        )


class PasswordNeeded(Forbidden):
    """The link has a password, which this guest has not typed."""

    def __init__(self) -> None:
        super().__init__(N_("This link has a password. Open it in a browser and enter the password."))


class LinkFull(Conflict):
    """As many files have come by the link, or are on their way, as may."""

    def __init__(self) -> None:
        super().__init__(
            N_("This link has received as many files as it takes. Ask whoever sent it to you for another one.")
        )


class NoRoom(TooLarge):
    """The quota of the link's maker is full; how large it is, is theirs to know."""

    code = "quota-exceeded"

    def __init__(self) -> None:
        super().__init__(
            N_("There isn’t enough space for this file at the moment. Tell whoever sent you the link, and try later.")
        )


class Busy(RateLimited):
    """As many uploads are open as one owner may have."""

    def __init__(self) -> None:
        super().__init__(
            N_("Many files are being sent here at the moment. Try again in a moment."), retry_after_seconds=10
        )
