"""Whatever a service writes into the audit log, people read in words."""

from __future__ import annotations

from auth_svc.audit.audit import WORDS
from auth_svc.audit.audit import Action as AuthAction
from upload_svc.audit import Action as UploadAction


def test_there_are_words_for_every_action_and_none_for_others() -> None:
    assert set(WORDS) == {action.value for action in (*AuthAction, *UploadAction)}
