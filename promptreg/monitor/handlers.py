"""Where alerts go: a stream, a file, a webhook, Slack, e-mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import IO, Any

from promptreg.errors import ConfigError, MetricsError
from promptreg.formats.text import one_line
from promptreg.monitor.alerts import Alert, Severity

__all__ = [
    "AlertHandler",
    "ConsoleHandler",
    "EmailHandler",
    "JsonLinesHandler",
    "SlackHandler",
    "WebhookHandler",
]

AlertHandler = Callable[[Alert], None]
"""Anything that takes an alert; it may raise, which stops nobody else."""

_TOO_MANY = 429
_SERVER_ERROR = 500
_MOST_DETAIL = 200


class ConsoleHandler:
    """Writes one line an alert.

    Args:
        stream: Where to; stderr by default.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream

    def __call__(self, alert: Alert) -> None:
        """Write an alert."""
        stream = self._stream or sys.stderr
        stream.write(f"{alert.severity} {alert.type}: {one_line(alert.message)}\n")
        stream.flush()


class JsonLinesHandler:
    """Appends one JSON object an alert to a file.

    Args:
        path: The file; its folder must exist.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def __call__(self, alert: Alert) -> None:
        """Append an alert with one write, so that two monitors do not mix their lines."""
        line = json.dumps(alert.to_dict(), ensure_ascii=False) + "\n"
        with self._path.open("ab", buffering=0) as file:
            file.write(line.encode("utf-8"))


class WebhookHandler:
    """Posts an alert as JSON, signed, and tries again where that may help.

    With a secret the request carries ``X-Promptreg-Timestamp`` and ``X-Promptreg-Signature:
    sha256=HEX``, the HMAC of the timestamp, a dot and the body, so that a receiver can refuse what
    is forged or old.

    Args:
        url: An http or https address.
        secret: Signs the body; None sends it unsigned.
        attempts: How often to try; connection errors, 429 and 5xx are tried again.
        timeout: Of each attempt, in seconds.
        pause: Waits between attempts: 1 s, 2 s, 4 s and so on.
        clock: Gives the timestamp in seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        *,
        attempts: int = 3,
        timeout: float = 10.0,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError("a webhook needs an http or https address")
        self._url = url
        self._secret = secret
        self._attempts = attempts
        self._timeout = timeout
        self._pause = pause
        self._clock = clock

    def payload(self, alert: Alert) -> dict[str, Any]:
        """Return what is posted."""
        return alert.to_dict()

    def __call__(self, alert: Alert) -> None:
        """Post an alert.

        Raises:
            MetricsError: Every attempt failed, or the receiver refuses it.
        """
        body = json.dumps(self.payload(alert), ensure_ascii=False).encode("utf-8")
        for attempt in range(self._attempts):
            if attempt:
                self._pause(float(2 ** (attempt - 1)))
            error = self._post(body)
            if error is None:
                return
        raise MetricsError(f"webhook gave up after {self._attempts} attempts: {error}")

    def _post(self, body: bytes) -> str | None:
        """Post once; return what went wrong if another attempt may help."""
        request = urllib.request.Request(self._url, body, self._headers(body))  # noqa: S310 - checked
        try:
            with urllib.request.urlopen(request, timeout=self._timeout):  # noqa: S310 - checked
                return None
        except urllib.error.HTTPError as error:
            with error:
                detail = f"HTTP {error.code} {error.reason}"
            if error.code == _TOO_MANY or error.code >= _SERVER_ERROR:
                return detail
            raise MetricsError(f"webhook refused: {detail}") from error
        except (urllib.error.URLError, OSError) as error:
            return str(getattr(error, "reason", error))[:_MOST_DETAIL]

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "promptreg"}
        if self._secret is not None:
            stamp = str(int(self._clock()))
            signed = hmac.new(self._secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
            headers["X-Promptreg-Timestamp"] = stamp
            headers["X-Promptreg-Signature"] = f"sha256={signed.hexdigest()}"
        return headers


class SlackHandler(WebhookHandler):
    """Posts an alert in the form of Slack's incoming webhooks, which others understand too."""

    def payload(self, alert: Alert) -> dict[str, Any]:
        """Return a text for notifications and blocks for the channel."""
        severity = alert.severity.value
        text = _slack(f"{severity} {alert.type}: {alert.message}")
        fields = [f"*Metric*\n{_slack(alert.metric)}", f"*Allowed*\n{_slack(alert.threshold)}"]
        fields.append(f"*Observations*\n{alert.n}" + (f" / {alert.n_base}" if alert.n_base else ""))
        return {
            "text": text,
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": text}},
                {
                    "type": "section",
                    "fields": [{"type": "mrkdwn", "text": field} for field in fields],
                },
            ],
        }


class EmailHandler:
    """Sends an alert by SMTP.

    Args:
        host: The mail server.
        sender: The address it comes from.
        to: The addresses it goes to.
        port: The server's port.
        user: Logs in with this name, over TLS only.
        password: The password to it.
        starttls: Encrypts the connection first.
        timeout: In seconds.
    """

    def __init__(
        self,
        host: str,
        sender: str,
        to: Sequence[str],
        *,
        port: int = 25,
        user: str | None = None,
        password: str | None = None,
        starttls: bool = False,
        timeout: float = 10.0,
    ) -> None:
        if not to:
            raise ConfigError("an e-mail needs at least one address to go to")
        if user is not None and not starttls:
            raise ConfigError("a password is sent encrypted only", fix="starttls = true")
        self._address = (host, port)
        self._sender = sender
        self._to = tuple(to)
        self._login = (user, password or "") if user is not None else None
        self._starttls = starttls
        self._timeout = timeout

    def __call__(self, alert: Alert) -> None:
        """Send an alert.

        Raises:
            MetricsError: The server cannot be reached or refuses it.
        """
        try:
            with smtplib.SMTP(*self._address, timeout=self._timeout) as server:
                if self._starttls:
                    server.starttls(context=ssl.create_default_context())
                if self._login is not None:
                    server.login(*self._login)
                server.send_message(self.message(alert))
        except (smtplib.SMTPException, OSError) as error:
            raise MetricsError(f"e-mail to {self._address[0]} failed: {error}") from error

    def message(self, alert: Alert) -> EmailMessage:
        """Return the mail: the message as subject, the evidence as text."""
        mail = EmailMessage()
        mark = "CRITICAL" if alert.severity is Severity.CRITICAL else "warning"
        # A line end in a subject would start a header of the prompt's making.
        mail["Subject"] = one_line(f"[promptreg] {mark}: {alert.prompt} {alert.metric}")
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._to)
        details = "\n".join(f"{name}: {value}" for name, value in alert.to_dict().items())
        mail.set_content(f"{one_line(alert.message)}\n\n{details}\n")
        return mail


def _slack(text: str) -> str:
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
