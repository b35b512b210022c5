"""The one comment of a pull request: found again by its first line, and replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptreg.ci.api import Api, ApiError
from promptreg.ci.runner import clip, notice, warn
from promptreg.formats import STICKY_MARKER

if TYPE_CHECKING:
    from promptreg.ci.settings import Event, Settings

__all__ = ["post_comment"]

_MOST = 65_000  # GitHub refuses 65,536 characters


def post_comment(settings: Settings, event: Event, api: Api, *, worth: bool) -> None:
    """Write the comment, or replace the one an earlier run wrote; never fail because of it.

    Args:
        settings: Where the text waits, and where the report lies.
        event: Which pull request it is about.
        api: How to reach it.
        worth: Whether there is anything to say; if not, only an old comment is replaced.
    """
    number = event.number
    text = settings.folder / "comment.md"
    if number is None or not text.exists():
        return
    if event.is_fork:
        notice("No comment: the token of a fork's pull request is read-only. See the summary.")
        return
    if not api.token:
        notice("No comment: no token was given. See the summary.")
        return
    body = clip(text.read_text(encoding="utf-8"), _MOST)
    if settings.report_url:
        body += f"\n[Full report]({_target(settings.report_url)})\n"
    try:
        _replace(api, number, body, worth=worth)
    except ApiError as error:
        if error.denied:
            notice("No comment: the token may not write comments. See the summary.")
        else:
            warn(f"No comment: {error.message}")


def _replace(api: Api, number: int, body: str, *, worth: bool) -> None:
    user = api.user()
    ours = [int(c["id"]) for c in api.comments(number) if _is_ours(c, user)]
    if ours:
        api.edit_comment(ours[0], body)
    elif worth:
        api.add_comment(number, body)
    # Two runs that started together may both have found none.
    for double in ours[1:]:
        api.delete_comment(double)


def _is_ours(comment: Mapping[str, Any], user: str | None) -> bool:
    """Tell whether an earlier run wrote a comment; anybody may write the first line."""
    if not str(comment.get("body") or "").startswith(STICKY_MARKER):
        return False
    author = comment.get("user") or {}
    return author.get("login") == user if user else author.get("type") == "Bot"


def _target(url: str) -> str:
    return url.replace(" ", "%20").replace("(", "%28").replace(")", "%29").replace("\n", "%0A")
