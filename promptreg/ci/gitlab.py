"""The one note of a GitLab merge request: found again by its first line, and replaced.

GitLab's own job token may not write notes, so this needs a token of the project. A fork's pipeline
has none, and says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from promptreg.ci.api import ApiError, call_json
from promptreg.ci.runner import clip
from promptreg.errors import ConfigError
from promptreg.formats import STICKY_MARKER
from promptreg.values import dataclass

__all__ = ["Notes", "post_note"]

_PAGE = 100
_MOST = 900_000  # GitLab refuses a note above a million characters


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one merge request.

    Attributes:
        address: The API, such as ``https://gitlab.com/api/v4``.
        project: The number of the project that the merge request goes to.
        request: The merge request's number within it.
        token: What may read and write its notes.
    """

    address: str
    project: str
    request: str
    token: str

    def user(self) -> int:
        """Return whose token this is."""
        return int(self._call("GET", "/user")["id"])

    def all(self) -> Iterator[Mapping[str, Any]]:
        """Yield the notes, oldest first."""
        page = 1
        while True:
            query = f"?per_page={_PAGE}&page={page}&sort=asc&order_by=created_at"
            found = self._call("GET", f"{self._path}{query}")
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def add(self, body: str) -> None:
        """Write a note."""
        self._call("POST", self._path, {"body": body})

    def edit(self, note: int, body: str) -> None:
        """Replace a note's text."""
        self._call("PUT", f"{self._path}/{note}", {"body": body})

    @property
    def _path(self) -> str:
        project, request = quote(self.project, safe=""), quote(self.request, safe="")
        return f"/projects/{project}/merge_requests/{request}/notes"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return call_json(self.address, method, path, body, {"PRIVATE-TOKEN": self.token})


def post_note(file: Path, environment: Mapping[str, str]) -> None:
    """Write the note, or replace the one an earlier pipeline wrote; never fail because of it.

    Args:
        file: The markdown that `check` wrote; where there is none it could not run, which the note
            says, lest an older verdict stand.
        environment: GitLab's variables and PROMPTREG_NOTE_TOKEN.

    Raises:
        ConfigError: GitLab's address is none.
    """
    token = environment.get("PROMPTREG_NOTE_TOKEN", "")
    request = environment.get("CI_MERGE_REQUEST_IID", "")
    if not request:
        return
    if not token:
        _say("no note: PROMPTREG_NOTE_TOKEN is not set here, as in a fork's pipeline")
        return
    address = environment.get("CI_API_V4_URL", "").rstrip("/")
    if urlsplit(address).scheme not in {"http", "https"}:
        raise ConfigError(f"CI_API_V4_URL {address!r} is no address of an API")
    notes = Notes(address, environment.get("CI_MERGE_REQUEST_PROJECT_ID", ""), request, token)
    body = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        _replace(notes, clip(body or _failed(environment), _MOST))
    except ApiError as error:
        hint = "; the token needs the scope api and the role Reporter" if error.denied else ""
        _say(f"no note: {error.message}{hint}")


def _failed(environment: Mapping[str, str]) -> str:
    url = environment.get("CI_JOB_URL", "")
    why = f"[The job's log]({url}) says why." if url else "The job's log says why."
    return f"{STICKY_MARKER}\n\n### promptreg: the check could not run\n\n{why}\n"


def _replace(notes: Notes, body: str) -> None:
    user = notes.user()
    ours = [int(note["id"]) for note in notes.all() if _is_ours(note, user)]
    if ours:
        notes.edit(ours[0], body)
    else:
        notes.add(body)


def _is_ours(note: Mapping[str, Any], user: int) -> bool:
    """Tell whether an earlier pipeline wrote a note; anybody may write the first line."""
    author = note.get("author") or {}
    return str(note.get("body") or "").startswith(STICKY_MARKER) and author.get("id") == user


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
