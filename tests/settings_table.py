"""The table of every setting in docs/operations.md: `python -m tests.settings_table` writes it from the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from auth_svc.settings import Settings as AuthSettings
from common.settings import ProcessSettings
from fs_svc.settings import Settings as FsSettings
from media_svc.settings import Settings as MediaSettings
from stream_svc.settings import Settings as StreamSettings
from upload_svc.settings import Settings as UploadSettings

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "operations.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"
CLASSES: Final[tuple[type[ProcessSettings], ...]] = (
    AuthSettings,
    FsSettings,
    UploadSettings,
    StreamSettings,
    MediaSettings,
)


def rendered() -> str:
    """One line a setting: who is told it, what it means, and its default."""
    fields: dict[str, FieldInfo] = {}
    told: dict[str, list[str]] = {}
    for settings_class in CLASSES:
        prefix = settings_class.model_config.get("env_prefix", "")
        for name, field in settings_class.model_fields.items():
            assert field.description, f"{prefix}{name} does not say what it is"
            assert fields.setdefault(name, field).description == field.description, name
            told.setdefault(name, []).append(prefix)
    lines = ["| setting | read by | meaning | default |", "|---|---|---|---|"]
    for name, field in fields.items():
        who = "all" if len(told[name]) == len(CLASSES) else ", ".join(f"`{prefix}`" for prefix in told[name])
        lines.append(f"| `…{name.upper()}` | {who} | {field.description} | {_default(field)} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return (
        "none"
        if field.default in (None, ())
        else f"`{field.default}`".replace("`True`", "`true`").replace("`False`", "`false`")
    )


def in_document() -> str:
    """The table as the document has it."""
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    DOCUMENT.write_text(head + BEGIN + rendered() + END + rest.partition(END)[2], encoding="utf-8")
