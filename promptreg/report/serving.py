"""Shows a report on this machine and reloads it when the registry or its metrics change."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promptreg.errors import ConfigError

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["ReportServer", "fingerprint"]

_EDITION_MARK = b'<meta name="promptreg-edition" content='
_STORE_SUFFIXES = frozenset({".jsonl", ".parquet", ".json"})


def fingerprint(registry: Registry) -> str:
    """Return a text that changes whenever a report of the registry would.

    Args:
        registry: The registry; its refs, HEAD and metrics files are looked at.
    """
    digest = hashlib.sha256()
    paths = registry.repository.paths
    for place in (paths.git_dir / "HEAD", paths.common_dir / "packed-refs"):
        _add_file(digest, place)
    for folder in (paths.common_dir / "refs", registry.root / registry.config.store):
        if folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.suffix in _STORE_SUFFIXES or folder.name == "refs":
                    _add_file(digest, path)
    return digest.hexdigest()


def _add_file(digest: hashlib._Hash, path: Path) -> None:
    try:
        state = path.stat()
    except FileNotFoundError:
        return
    digest.update(f"{path}\0{state.st_mtime_ns}\0{state.st_size}\n".encode())


class ReportServer:
    """Serves the newest page to this machine.

    Args:
        host: Where to listen; the loopback address keeps the report on this machine.
        port: 0 picks a free one.

    Raises:
        ConfigError: The address cannot be used.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._page = b""
        self._edition = 0
        self._changed = threading.Condition()
        self._closed = False
        try:
            self._server = ThreadingHTTPServer((host, port), self._handler())
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port}: {error.strerror}", fix="choose another --port"
            ) from error
        self._server.daemon_threads = True
        self._host = host
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the report is."""
        return f"http://{self._host}:{self._server.server_address[1]}/"

    def show(self, page: bytes) -> None:
        """Serve a page from now on, and let open ones reload."""
        with self._changed:
            self._edition += 1
            numbered = b'%s"%d"' % (_EDITION_MARK, self._edition)
            self._page = page.replace(_EDITION_MARK + b'""', numbered, 1)
            self._changed.notify_all()

    def close(self) -> None:
        """Stop listening."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _wait(self, edition: int, seconds: float) -> int:
        """Return the edition once it is newer than one, or after some time."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._edition > edition, seconds)
            return -1 if self._closed else self._edition

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, _, path, query, _ = urlsplit(self.path)
                if path == "/":
                    self._send("text/html; charset=utf-8", server._page)
                elif path == "/events":
                    self._events(int(query) if query.isdecimal() else server._edition)
                else:
                    self.send_error(HTTPStatus.NOT_FOUND)

            def _send(self, kind: str, body: bytes) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def _events(self, edition: int) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                wait: Callable[[int, float], int] = server._wait
                try:
                    while (found := wait(edition, 15.0)) >= 0:
                        line = b"data: reload\n\n" if found > edition else b": still here\n\n"
                        edition = found
                        self.wfile.write(line)
                        self.wfile.flush()
                except OSError:
                    # The page was closed.
                    return

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        return Handler
