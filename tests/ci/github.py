"""The few calls of GitHub's API that the action makes, answered on a real local socket."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

__all__ = ["GitHub"]


@dataclass(slots=True)
class GitHub:
    """One repository on a server of its own.

    Attributes:
        read_only: Refuse every write, as for a fork's token.
        broken: How many calls are answered with 502 first.
        login: Who owns the token; None is a workflow's token.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    read_only: bool = False
    broken: int = 0
    login: str | None = None
    server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        github = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                github.answer(self)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        """The API's address."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def writes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if not call.startswith("GET ")]

    def add(self, body: str, login: str = "github-actions[bot]", kind: str = "Bot") -> int:
        """Add a comment and return its id."""
        number = 1 + max((c["id"] for c in self.comments), default=100)
        self.comments.append({"id": number, "body": body, "user": {"login": login, "type": kind}})
        return number

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one call."""
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else {}
        self.calls.append(f"{request.command} {request.path}")
        status, answer = self._decide(request, body)
        data = b"" if answer is None else json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _decide(  # noqa: C901, PLR0911 - one line for each call
        self, request: BaseHTTPRequestHandler, body: dict[str, Any]
    ) -> tuple[int, Any]:
        url = urlsplit(request.path)
        parts = url.path.strip("/").split("/")
        if self.broken:
            self.broken -= 1
            return 502, {"message": "Bad gateway"}
        if request.headers.get("Authorization") != "Bearer secret-token":
            return 401, {"message": "Bad credentials"}
        if parts == ["user"]:
            return (200, {"login": self.login}) if self.login else (403, {"message": "No"})
        if parts[:3] != ["repos", "acme", "prompts"]:
            return 404, {"message": "Not Found"}
        if request.command != "GET" and self.read_only:
            return 403, {"message": "Resource not accessible by integration"}
        match request.command, parts[3:]:
            case "GET", ["issues", "7", "comments"]:
                query = {key: int(value[0]) for key, value in parse_qs(url.query).items()}
                start = (query["page"] - 1) * query["per_page"]
                return 200, self.comments[start : start + query["per_page"]]
            case "POST", ["issues", "7", "comments"]:
                login = self.login or "github-actions[bot]"
                self.add(body["body"], login, "User" if self.login else "Bot")
                return 201, self.comments[-1]
            case "PATCH", ["issues", "comments", number]:
                (found,) = (c for c in self.comments if c["id"] == int(number))
                found["body"] = body["body"]
                return 200, found
            case "DELETE", ["issues", "comments", number]:
                self.comments[:] = [c for c in self.comments if c["id"] != int(number)]
                return 204, None
            case "POST", ["statuses", commit]:
                self.statuses.append({"sha": commit, **body})
                return 201, body
        return 404, {"message": "Not Found"}
