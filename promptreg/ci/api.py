"""The few calls of GitHub's REST API that the action makes."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from promptreg.errors import ConfigError, PromptregError

__all__ = ["Api", "ApiError", "call_json"]

_PAGE = 100
_PAUSES = (1.0, 3.0)
_TIMEOUT = 30.0
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_PASSING = frozenset({429, 500, 502, 503, 504})


class ApiError(PromptregError):
    """The API refused or could not be reached.

    Args:
        status: The HTTP status; 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def denied(self) -> bool:
        """Whether the token lacks the right, as that of a fork does."""
        return self.status in _DENIED


@dataclass(frozen=True, slots=True)
class Api:
    """One repository's API.

    Attributes:
        address: Such as ``https://api.github.com``.
        repository: ``owner/name``.
        token: What authorizes the calls.
        pause: Waits between attempts, in seconds.
    """

    address: str
    repository: str
    token: str
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if urlsplit(self.address).scheme not in {"http", "https"}:
            raise ConfigError(f"{self.address!r} is no address of an API")

    def user(self) -> str | None:
        """Return whose token this is; None for the token of a workflow or an app."""
        try:
            found = self._call("GET", "/user")
        except ApiError as error:
            if error.denied:
                return None
            raise
        return str(found.get("login") or "") or None

    def comments(self, number: int) -> Iterator[Mapping[str, Any]]:
        """Yield a pull request's comments, oldest first."""
        page = 1
        while True:
            path = f"{self._repo}/issues/{number}/comments?per_page={_PAGE}&page={page}"
            found = self._call("GET", path)
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def add_comment(self, number: int, body: str) -> None:
        """Write a comment."""
        self._call("POST", f"{self._repo}/issues/{number}/comments", {"body": body})

    def edit_comment(self, comment: int, body: str) -> None:
        """Replace a comment's text."""
        self._call("PATCH", f"{self._repo}/issues/comments/{comment}", {"body": body})

    def delete_comment(self, comment: int) -> None:
        """Delete a comment."""
        self._call("DELETE", f"{self._repo}/issues/comments/{comment}")

    def set_status(self, commit: str, status: Mapping[str, str]) -> None:
        """Post a status on a commit."""
        self._call("POST", f"{self._repo}/statuses/{quote(commit)}", dict(status))

    @property
    def _repo(self) -> str:
        return f"/repos/{quote(self.repository)}"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        # A POST that got no answer may have worked: repeating it could double a comment.
        pauses = () if method == "POST" else _PAUSES
        for pause in pauses:
            try:
                return self._once(method, path, body)
            except ApiError as error:
                if error.status and error.status not in _PASSING:
                    raise
            self.pause(pause)
        return self._once(method, path, body)

    def _once(self, method: str, path: str, body: Any) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return call_json(self.address, method, path, body, headers)


def call_json(address: str, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Any:
    """Ask an HTTP API once and return its JSON; None where it answers nothing.

    Args:
        address: The API's address, whose scheme was checked.
        method: Such as ``POST``.
        path: Below the address, quoted.
        body: What to send as JSON; None sends nothing.
        headers: Beside the type of the body and who asks.

    Raises:
        ApiError: It refused, could not be reached, or did not answer with JSON.
    """
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        f"{address}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "promptreg", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        with error:
            raise ApiError(f"{method} {path}: {error.code} {error.reason}", error.code) from None
    except (OSError, ValueError) as error:
        raise ApiError(f"{method} {path}: {error}") from error
