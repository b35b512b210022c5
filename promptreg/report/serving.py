"""Shows a report on this machine and reloads it when there is a newer one."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
import socketserver
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from promptreg.errors import ConfigError

__all__ = ["ReportServer"]

_EDITION_MARK = b'<meta name="promptreg-edition" content='
_HEADERS = {
    "Cache-Control": "no-store",
    # No page from elsewhere may take it in, not even without reading it.
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


class ReportServer:
    """Serves the newest page to this machine.

    Args:
        host: Where to listen; a loopback address keeps the report on this machine.
        port: 0 picks a free one.

    Raises:
        ConfigError: The address cannot be used.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.page = b""
        self._edition = ""
        self._trouble = ""
        self._server = _listen(host, port, self)
        address, self._port = self._server.server_address[:2]
        self._address = ipaddress.ip_address(str(address).partition("%")[0])
        self._names = {host.lower(), "localhost"}
        # Between two looks whether it shall end.
        pause = {"poll_interval": 0.1}
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs=pause, daemon=True
        )

    @property
    def url(self) -> str:
        """Where this machine finds the report."""
        address: Any = self._address
        if address.is_unspecified:
            address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")  # noqa: PLR2004
        host = f"[{address}]" if address.version == 6 else address  # noqa: PLR2004
        return f"http://{host}:{self._port}/"

    @property
    def is_public(self) -> bool:
        """Whether other machines may find it too."""
        return not self._address.is_loopback

    def show(self, page: bytes) -> bool:
        """Serve a page from now on, and let open ones reload; tell whether it is another one.

        Whatever was wrong before is not any more.
        """
        self._trouble = ""
        # Named after what it holds: a server that was started again finds open pages fresh or old.
        edition = hashlib.sha256(page).hexdigest()[:16]
        if edition == self._edition:
            return False
        named = b'%s"%s"' % (_EDITION_MARK, edition.encode())
        self.page = page.replace(_EDITION_MARK + b'""', named, 1)
        # After the page, or who is told of it would be given the one before once more.
        self._edition = edition
        # Whoever asks before the first page stands waits for it.
        if not self._thread.is_alive():
            self._thread.start()
        return True

    def warn(self, trouble: str) -> None:
        """Let open pages say why there is no newer one, until there is."""
        self._trouble = trouble

    def state(self) -> bytes:
        """Return as JSON which page there is, and why there is no newer one."""
        return json.dumps({"edition": self._edition, "trouble": self._trouble}).encode()

    def close(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def knows(self, host: str) -> bool:
        """Tell whether a request names this machine.

        A name of somebody else's that leads to the loopback address would let his page read the
        report (DNS rebinding); an address cannot be made to lead elsewhere.
        """
        if self.is_public:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; the page and the news of it are all there is."""

    server: _Server
    # Which Python this is concerns nobody.
    server_version, sys_version = "promptreg", ""

    def do_GET(self) -> None:
        report = self.server.report
        path = self.path.partition("?")[0]
        if not report.knows(self.headers.get("Host", "")):
            self.send_error(
                HTTPStatus.MISDIRECTED_REQUEST,
                explain="The report is shown under an address of this machine only.",
            )
        elif path == "/":
            self._answer("text/html; charset=utf-8", report.page)
        elif path == "/state":
            self._answer("application/json", report.state())
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        del format, args


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, family: int, address: tuple[Any, ...], report: ReportServer) -> None:
        self.report = report
        self.address_family = family
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The one of HTTPServer asks the network for the name of this machine.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
        # Otherwise the page was closed while something was sent to it.


def _listen(host: str, port: int, report: ReportServer) -> _Server:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"there is no host {host}", fix="choose another --host, such as 127.0.0.1"
        ) from error
    family, *_, address = found[0]
    try:
        return _Server(family, address, report)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            fix="choose another --port, or 0 for a free one",
        ) from error
