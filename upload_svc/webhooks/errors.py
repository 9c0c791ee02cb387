"""What is refused about webhooks."""

from __future__ import annotations

from common.errors import Conflict
from common.languages import gettext


class TooManyWebhooks(Conflict):
    """The account has as many webhooks as one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(gettext("You have %(count)s webhooks, the maximum. Delete one first.") % {"count": most})
