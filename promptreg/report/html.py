"""Renders a report as one HTML file, or as a folder with one data file per prompt; deterministic.

The order in the file is head, key figures as plain HTML, index, application, then each prompt's
data in a chunk of its own: the page can be used before the data has arrived, and stays readable
where no script may run.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from promptreg.report import wire
from promptreg.report.bundle import (
    application,
    application_style,
    boot_script,
    loader_script,
    stylesheet,
)
from promptreg.report.chunks import chunk_of, chunk_of_prompt, chunk_of_text
from promptreg.report.format import alert_texts, alerts_text, figure_texts
from promptreg.report.origin import Links
from promptreg.report.plain import (
    glance_text,
    head_style,
    live_table,
    row_texts,
    table_heads,
)
from promptreg.report.wire_prompt import pack_prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markupsafe import Markup

    from promptreg.report.model import Alert, PromptRow, Report

__all__ = [
    "HtmlBuilder",
    "PackedPrompt",
    "Page",
    "pack",
    "render",
]

FEW_PROMPTS = 50
"""Up to so many prompts are searched in their own data."""
SEARCHED = 100
"""The texts of so many prompts are unpacked at once, so that the page is not held up."""
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" '
    'rx="4" fill="#2f5bd3"/><path d="M4 4.5l3.5 3.5L4 11.5M8.5 11.5H12" stroke="#fff" '
    'stroke-width="1.8" fill="none" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered report.

    Attributes:
        head: The text before the data.
        chunks: The data chunks by their ids.
        folder: Where beside it a split page looks for its data; named after the data, so that no
            page ever meets the data of another one.
    """

    head: str
    chunks: tuple[tuple[str, str], ...]
    folder: str = ""

    def parts(self) -> Iterator[str]:
        """Yield the single file piece by piece."""
        yield self.head
        for name, data in self.chunks:
            yield f'<script type="text/plain" id="{name}">{data}</script>\n'
        yield "</body>\n</html>\n"

    @property
    def size(self) -> int:
        """The length of the single file in bytes."""
        return sum(len(part.encode()) for part in self.parts())


class PackedPrompt(NamedTuple):
    """What the page holds of one prompt.

    Attributes:
        chunk: All of it, compressed.
        row: Its line in the list.
        searched: What the search looks through beside that line: places and their texts.
    """

    chunk: str
    row: dict[str, Any]
    searched: list[tuple[str, str]]


def pack(prompt: PromptRow) -> PackedPrompt:
    """Pack one prompt."""
    return PackedPrompt(
        chunk_of_prompt(pack_prompt(prompt)), wire.pack_row(prompt), _searched(prompt)
    )


class HtmlBuilder:
    """Takes prompts one at a time, so that only their compressed form is kept.

    Args:
        split: Whether the data goes into files of its own beside the page.
        live: Whether the page reloads itself when its server says so.
    """

    def __init__(self, *, split: bool = False, live: bool = False) -> None:
        self._split = split
        self._live = live
        self._packed: list[PackedPrompt] = []
        self._links: list[Links] = []

    def add(self, prompt: PromptRow) -> None:
        """Pack one prompt."""
        self.take(pack(prompt), Links(prompt.file_url, prompt.edit_url))

    def take(self, packed: PackedPrompt, links: Links) -> None:
        """Take a prompt that was packed elsewhere, or before.

        Args:
            packed: What the page holds of it.
            links: Where its file is.
        """
        self._packed.append(packed)
        self._links.append(links)

    def finish(self, report: Report) -> Page:
        """Make the page.

        Args:
            report: Everything but the prompts, which were added before.
        """
        packed = self._packed
        by_prompt: dict[str, list[Alert]] = {}
        for alert in report.alerts:
            by_prompt.setdefault(alert.prompt, []).append(alert)
        rows = [
            wire.with_links(wire.with_alerts(one.row, by_prompt.get(one.row["name"], ())), links)
            for one, links in zip(packed, self._links, strict=True)
        ]
        # The page reads the texts of a few prompts from their own data instead.
        is_small = len(packed) <= FEW_PROMPTS and not self._split
        chunks = [("search", chunk_of(None))] if is_small else _search_chunks(packed)
        chunks += [(f"p{number}", one.chunk) for number, one in enumerate(packed)]
        folder = f"data/{_digest(chunks)}" if self._split else ""
        index = chunk_of(wire.pack_index(report, rows) | {"split": folder})
        head = _head(report, rows, index, split=self._split, live=self._live)
        return Page(head, tuple(chunks), folder)


def _digest(chunks: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update("\0".join(chunk).encode())
    return digest.hexdigest()[:16]


def _search_chunks(packed: Sequence[PackedPrompt]) -> list[tuple[str, str]]:
    """Return what the search looks through, each chunk called after its first prompt."""
    return [
        (
            f"search{start or ''}",
            chunk_of([one.searched for one in packed[start : start + SEARCHED]]),
        )
        for start in range(0, max(len(packed), 1), SEARCHED)
    ]


def _searched(prompt: PromptRow) -> list[tuple[str, str]]:
    """Return what the search looks through beside the rows of the list, by where it stands."""
    latest = prompt.versions[-1] if prompt.versions else None
    return [
        *((m.role, m.text) for m in (latest.messages if latest else ())),
        *((f.path, f.text) for f in (latest.fragments if latest else ())),
        *((key, _unquoted(value)) for key, value in prompt.metadata),
        ("version", "\n".join(v.version for v in prompt.versions)),
    ]


def _unquoted(text: str) -> str:
    """Return a text out of its JSON; what is no text stays JSON."""
    value = json.loads(text)
    return value if isinstance(value, str) else text


def render(report: Report, *, split: bool = False) -> Page:
    """Render a whole report.

    Args:
        report: What to show.
        split: Whether the data goes into files of its own beside the page.
    """
    builder = HtmlBuilder(split=split)
    for prompt in report.prompts:
        builder.add(prompt)
    return builder.finish(report)


@functools.cache
def _packed_application(*, live: bool) -> str:
    return chunk_of_text(application(live=live))


def _head(
    report: Report, rows: list[dict[str, Any]], index: str, *, split: bool, live: bool
) -> str:
    scripts = (boot_script(live=live), loader_script(), application(live=live))
    live_now = live_table(report.overview.labels, rows, report.currency)
    heads = table_heads(live_now)
    css = stylesheet() + head_style(heads)
    styles = (css, application_style(live=live))
    page: str = _template().render(
        report=report,
        live=live,
        glance=glance_text(report),
        figures=figure_texts(report),
        heads=heads,
        live_now=live_now,
        rows=row_texts(rows, report.currency),
        alerts=alert_texts(report),
        alerts_text=alerts_text(report),
        policy=_policy(scripts, styles, split=split, live=live),
        icon=base64.b64encode(_ICON.encode()).decode(),
        css=_trusted(css),
        boot=_trusted(scripts[0]),
        loader=_trusted(scripts[1]),
        application=_trusted(_packed_application(live=live)),
        index=_trusted(index),
    )
    return page


def _trusted(text: str) -> Markup:
    """Pass our own assets and base64 through; a test looks that none closes its element."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never a text from outside


def _policy(scripts: Iterable[str], styles: Iterable[str], *, split: bool, live: bool) -> str:
    """Allow exactly our own scripts and styles, and no request at all."""
    sources, looks = (
        " ".join(f"'sha256-{_hash(text)}'" for text in texts) for texts in (scripts, styles)
    )
    if split:
        # Data files cannot be hashed beforehand; a page from file:// has no origin to name.
        sources += " 'self' file:"
    connect = "connect-src 'self'; " if live else ""
    return (
        f"default-src 'none'; {connect}script-src {sources}; style-src {looks}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    source = resources.files("promptreg.report") / "templates" / "report.html.j2"
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source.read_text(encoding="utf-8"))
