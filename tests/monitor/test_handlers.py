"""The handlers over real local sockets and files."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from promptreg.errors import ConfigError, MetricsError
from promptreg.monitor import (
    Alert,
    AlertType,
    ConsoleHandler,
    EmailHandler,
    JsonLinesHandler,
    Severity,
    SlackHandler,
    WebhookHandler,
)
from promptreg.monitor.configured import configured_handlers
from tests.monitor.servers import mail_server, web_server

ALERT = Alert(
    type=AlertType.REGRESSION,
    severity=Severity.CRITICAL,
    message="summarizer 1.2.0 -> 1.3.0: quality 0.91 -> 0.78 -14% [-18, -10], limit -10%",
    prompt="summarizer",
    version="1.3.0",
    metric="quality",
    at=datetime(2026, 11, 22, 18, tzinfo=UTC),
    threshold="-10%",
    base_version="1.2.0",
    baseline=0.91,
    current=0.78,
    change=-0.14,
    interval=(-0.18, float("inf")),
    n=60,
    n_base=60,
    p=0.001,
)
HOSTILE = replace(ALERT, prompt="x\nBcc: all@example.org", message="a\r\nb <!channel> & c")


def test_the_console_writes_one_line() -> None:
    """An alert is one line, whatever its text holds."""
    stream = io.StringIO()
    ConsoleHandler(stream)(HOSTILE)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith("critical regression: a")


def test_json_lines_append(tmp_path: Path) -> None:
    """Each alert is one JSON object on a line of its own; infinity becomes null."""
    path = tmp_path / "alerts.jsonl"
    handler = JsonLinesHandler(path)
    handler(ALERT)
    handler(HOSTILE)
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first["interval"] == [-0.18, None]
    assert first["verdict"] == "fail"
    assert second["prompt"] == HOSTILE.prompt


def test_a_webhook_is_signed() -> None:
    """The receiver can verify body and time with the shared secret."""
    with web_server() as received:
        WebhookHandler(received.url, "secret", clock=lambda: 1700000000.5)(ALERT)
    ((headers, body),) = received.requests
    assert json.loads(body)["metric"] == "quality"
    assert headers["X-Promptreg-Timestamp"] == "1700000000"
    signed = hmac.new(b"secret", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Promptreg-Signature"] == f"sha256={signed}"


def test_a_webhook_without_a_secret_is_unsigned() -> None:
    """Without a secret there is no signature to mistake for one."""
    with web_server() as received:
        WebhookHandler(received.url)(ALERT)
    assert "X-Promptreg-Signature" not in received.requests[0][0]


def test_a_busy_receiver_is_tried_again() -> None:
    """Server errors and 429 are tried again after growing pauses."""
    pauses: list[float] = []
    with web_server(503, 429, 200) as received:
        WebhookHandler(received.url, pause=pauses.append)(ALERT)
    assert len(received.requests) == 3
    assert pauses == [1.0, 2.0]


def test_a_refusal_is_not_tried_again() -> None:
    """A receiver that refuses the request is asked once."""
    with web_server(403) as received, pytest.raises(MetricsError, match="refused: HTTP 403"):
        WebhookHandler(received.url, pause=_never)(ALERT)
    assert len(received.requests) == 1


def test_an_absent_receiver_is_given_up() -> None:
    """A closed port is tried as often as configured and then reported."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        # Taken, so that nobody else listens there.
        port = free.getsockname()[1]
        pauses: list[float] = []
        handler = WebhookHandler(f"http://127.0.0.1:{port}/", attempts=2, pause=pauses.append)
        with pytest.raises(MetricsError, match="gave up after 2 attempts"):
            handler(ALERT)
    assert pauses == [1.0]


def test_a_webhook_takes_no_other_scheme() -> None:
    """A file address is no webhook."""
    with pytest.raises(ConfigError, match="http or https"):
        WebhookHandler("file:///etc/passwd")


def test_slack_gets_text_and_blocks_without_markup() -> None:
    """The channel sees the message; no text mentions anybody."""
    with web_server() as received:
        SlackHandler(received.url)(HOSTILE)
    payload = json.loads(received.requests[0][1])
    assert "&lt;!channel&gt; &amp; c" in payload["text"]
    assert "<!" not in received.requests[0][1].decode()
    assert payload["blocks"][1]["fields"][2]["text"] == "*Observations*\n60 / 60"


def test_mail_arrives() -> None:
    """The mail names the trouble in its subject and the evidence in its text."""
    with mail_server() as received:
        EmailHandler("127.0.0.1", "a@example.org", ["b@example.org"], port=received.port)(ALERT)
    (mail,) = received.mails
    assert "Subject: [promptreg] CRITICAL: summarizer quality" in mail
    assert "limit -10%" in mail
    assert "base_version: 1.2.0" in mail


def test_no_prompt_writes_mail_headers() -> None:
    """A line end in a name starts no header."""
    with mail_server() as received:
        EmailHandler("127.0.0.1", "a@example.org", ["b@example.org"], port=received.port)(HOSTILE)
    head, _, _ = received.mails[0].partition("\r\n\r\n")
    assert not [line for line in head.splitlines() if line.startswith("Bcc")]


def test_a_refusing_mail_server_is_reported() -> None:
    """A refused recipient is an error with the host's name."""
    with mail_server(refuse=True) as received, pytest.raises(MetricsError, match="e-mail to 127"):
        EmailHandler("127.0.0.1", "a@example.org", ["b@example.org"], port=received.port)(ALERT)


def test_passwords_are_not_sent_in_the_clear() -> None:
    """Logging in needs an encrypted connection."""
    with pytest.raises(ConfigError, match="encrypted only"):
        EmailHandler("h", "a@example.org", ["b@example.org"], user="ada", password="x")


def test_handlers_come_from_the_configuration(tmp_path: Path) -> None:
    """Each key makes its handler; secrets come from the environment by name."""
    table = {
        "console": True,
        "jsonl": "alerts.jsonl",
        "webhook": {"url-env": "HOOK", "secret-env": "SECRET"},
        "slack": {"url": "https://example.org/x"},
        "email": {"host": "h", "sender": "a@example.org", "to": "b@example.org"},
    }
    handlers = configured_handlers(table, tmp_path, {"HOOK": "https://example.org", "SECRET": "s"})
    names = [type(handler).__name__ for handler in handlers]
    assert names == [
        "ConsoleHandler", "JsonLinesHandler", "WebhookHandler", "SlackHandler", "EmailHandler",
    ]  # fmt: skip
    assert [type(h).__name__ for h in configured_handlers({}, tmp_path, {})] == ["ConsoleHandler"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"pager": True}, "unknown handler 'pager'"),
        ({"webhook": "https://x"}, "must be a table"),
        ({"webhook": {}}, "needs url or url-env"),
        ({"webhook": {"url-env": "HOOK"}}, "variable HOOK is not set"),
        ({"slack": {"url": "https://x", "token": "y"}}, "unknown key 'token'"),
        ({"email": {"host": "h", "to": "b"}}, "needs 'sender'"),
    ],
)
def test_wrong_handlers_are_refused(table: dict[str, object], message: str, tmp_path: Path) -> None:
    """Each wrong table has its own line."""
    with pytest.raises(ConfigError, match=message):
        configured_handlers(table, tmp_path, {})


def _never(_: float) -> None:
    raise AssertionError("there was no reason to wait")
