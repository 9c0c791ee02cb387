"""Who may watch a video: decided here, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never, overload

from catalogue.videos import Video, VideoState, Visibility
from common.tokens import Principal

# What a grant names to mean every account, and whoever comes.
MEMBERS: Final = "members"
EVERYONE: Final = "everyone"


class Right(StrEnum):
    """What a grant lets somebody do."""

    WATCH = "watch"
    # Into a collection, without an account.
    UPLOAD = "upload"
    # A collection, nearly as its owner does; who manages it may watch what is in it.
    MANAGE = "manage"


# Those of which each lets somebody watch.
WATCHING: Final = (Right.WATCH.value, Right.MANAGE.value)


@dataclass(frozen=True, slots=True)
class Viewer:
    """An account, and the groups it is in."""

    account_id: str
    group_ids: frozenset[str] = frozenset()

    @property
    def own_subjects(self) -> tuple[str, ...]:
        """What a grant may name to mean them and not everybody."""
        return account_subject(self.account_id), *(f"group:{group_id}" for group_id in sorted(self.group_ids))


def subjects_of(viewer: Viewer | None) -> tuple[str, ...]:
    """What a grant may name so that it counts for them (None: a stranger)."""
    return (EVERYONE,) if viewer is None else (*viewer.own_subjects, MEMBERS, EVERYONE)


@overload
def viewer_of(principal: Principal) -> Viewer: ...
@overload
def viewer_of(principal: Principal | None) -> Viewer | None: ...
def viewer_of(principal: Principal | None) -> Viewer | None:
    """None: a stranger."""
    return None if principal is None else Viewer(principal.account_id, principal.groups)


def account_subject(account_id: str) -> str:
    return f"account:{account_id}"


def may_watch(video: Video, viewer: Viewer | None, *, is_granted: bool, disabled_owner_ids: Collection[str]) -> bool:
    """Whether somebody (None: a stranger) may watch the video; `is_granted`: they have a grant that has not ended.

    Nobody may watch what is not ready or is a disabled account's, and what is hidden its owner alone.
    """
    if video.state is not VideoState.READY or video.owner_id in disabled_owner_ids:
        return False
    if viewer is not None and viewer.account_id == video.owner_id:
        return True
    if is_granted:
        return not video.is_hidden
    match video.visibility:
        case Visibility.PRIVATE:
            return False
        case Visibility.MEMBERS:
            return viewer is not None
        case Visibility.UNLISTED | Visibility.PUBLIC:
            return True
        case _:
            assert_never(video.visibility)
