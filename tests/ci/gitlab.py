"""The few calls of GitLab's API that the note makes, answered on a real local socket."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

__all__ = ["GitLab"]

NOTES = ["api", "v4", "projects", "42", "merge_requests", "7", "notes"]


@dataclass(slots=True)
class GitLab:
    """One merge request on a server of its own; its token belongs to user 5.

    Attributes:
        read_only: Refuse every write, as for a token without the scope.
    """

    notes: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    read_only: bool = False
    server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        gitlab = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                gitlab.answer(self)

            do_POST = do_PUT = do_GET  # noqa: N815

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
        return f"http://127.0.0.1:{self.server.server_port}/api/v4"

    def add(self, body: str, author: int) -> None:
        """Add a note."""
        self.notes.append({"id": 100 + len(self.notes), "body": body, "author": {"id": author}})

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one call."""
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else {}
        self.calls.append(f"{request.command} {request.path}")
        status, answer = self._decide(request, body)
        data = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _decide(  # noqa: PLR0911 - one line for each call
        self, request: BaseHTTPRequestHandler, body: dict[str, Any]
    ) -> tuple[int, Any]:
        url = urlsplit(request.path)
        parts = url.path.strip("/").split("/")
        if request.headers.get("PRIVATE-TOKEN") != "note-token":
            return 401, {"message": "401 Unauthorized"}
        if parts == ["api", "v4", "user"]:
            return 200, {"id": 5}
        if parts[:7] != NOTES:
            return 404, {"message": "404 Not found"}
        if request.command != "GET" and self.read_only:
            return 403, {"message": "insufficient_scope"}
        if request.command == "GET":
            query = {key: value[0] for key, value in parse_qs(url.query).items()}
            size, page = int(query["per_page"]), int(query["page"])
            return 200, self.notes[(page - 1) * size : page * size]
        if request.command == "POST":
            self.add(body["body"], 5)
            return 201, self.notes[-1]
        (found,) = (note for note in self.notes if str(note["id"]) == parts[7])
        found["body"] = body["body"]
        return 200, found
