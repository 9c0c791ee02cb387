"""Pages as the tests read them: forms, fields, links, and what a strict policy forbids."""

from __future__ import annotations

from html.parser import HTMLParser

from aiohttp import ClientResponse

# What a browser says it would like.
PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """What a page holds that matters here."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str | None]] = []
        self.fields: dict[str, dict[str, str | None]] = {}
        self.links: list[str] = []
        self.buttons = 0
        self.inline: list[str] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append(found)
        if tag == "input":
            self.fields[found.get("name") or ""] = found
        self.buttons += tag == "button"
        self.links += [link for name in ("href", "src", "action") if (link := found.get(name))]
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


async def page_of(answer: ClientResponse, status: int = 200) -> Page:
    assert (answer.status, answer.content_type, answer.charset) == (status, "text/html", "utf-8")
    return Page(await answer.text())
