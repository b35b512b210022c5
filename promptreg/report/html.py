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
from promptreg.report.bundle import application, boot_script, loader_script, stylesheet
from promptreg.report.chunks import chunk_of, chunk_of_prompt, chunk_of_text
from promptreg.report.format import alert_texts, figure_texts, row_texts
from promptreg.report.wire_prompt import pack_prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markupsafe import Markup

    from promptreg.report.model import Alert, PromptRow, Report

__all__ = [
    "HtmlBuilder",
    "Known",
    "PackedPrompt",
    "Page",
    "mark_of",
    "pack",
    "render",
]

FEW_PROMPTS = 50
"""Up to so many prompts are searched in their own data."""
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


Known = dict[str, tuple[str, "PackedPrompt"]]
"""What was packed before by prompt, with its mark, to pack only what changed since."""


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


def mark_of(prompt: PromptRow) -> str:
    """Return a text that changes whenever what is packed of a prompt does."""
    return hashlib.sha256(repr(prompt).encode("utf-8", "replace")).hexdigest()


class HtmlBuilder:
    """Takes prompts one at a time, so that only their compressed form is kept.

    Args:
        split: Whether the data goes into files of its own beside the page.
        live: Whether the page reloads itself when its server says so.
        known: What earlier builders packed; taken over where nothing changed.
    """

    def __init__(
        self, *, split: bool = False, live: bool = False, known: Known | None = None
    ) -> None:
        self._split = split
        self._live = live
        self._known = known
        self._taken: Known = {}
        self._packed: list[PackedPrompt] = []

    def add(self, prompt: PromptRow) -> None:
        """Pack one prompt."""
        mark = self.known_mark(prompt.name)
        now = "" if mark is None else mark_of(prompt)
        self.take(prompt.name, now, None if mark and mark == now else pack(prompt))

    def known_mark(self, name: str) -> str | None:
        """Return the mark of what is known of a prompt; None when nobody keeps what is packed."""
        if self._known is None:
            return None
        return self._known[name][0] if name in self._known else ""

    def take(self, name: str, mark: str, packed: PackedPrompt | None) -> None:
        """Take a prompt that was packed elsewhere.

        Args:
            name: Its name.
            mark: Its mark; not looked at where nothing is kept.
            packed: What the page holds of it; None when that is known by this mark.
        """
        if packed is None:
            assert self._known is not None
            packed = self._known[name][1]
        if self._known is not None:
            self._taken[name] = (mark, packed)
        self._packed.append(packed)

    def finish(self, report: Report) -> Page:
        """Make the page.

        Args:
            report: Everything but the prompts, which were added before.
        """
        packed = self._packed
        if self._known is not None:
            self._known.clear()
            self._known.update(self._taken)
        by_prompt: dict[str, list[Alert]] = {}
        for alert in report.alerts:
            by_prompt.setdefault(alert.prompt, []).append(alert)
        rows = [wire.with_alerts(row, by_prompt.get(row["name"], ())) for _, row, _ in packed]
        # The page reads the texts of a few prompts from their own data instead.
        is_small = len(packed) <= FEW_PROMPTS and not self._split
        chunks = [("search", chunk_of(None if is_small else [one.searched for one in packed]))]
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
def _packed_application() -> str:
    return chunk_of_text(application())


def _head(
    report: Report, rows: list[dict[str, Any]], index: str, *, split: bool, live: bool
) -> str:
    scripts = (boot_script(live=live), loader_script(), application())
    css = stylesheet()
    page: str = _template().render(
        report=report,
        live=live,
        figures=figure_texts(report),
        rows=row_texts(rows, report.currency),
        alerts=alert_texts(report),
        policy=_policy(scripts, css, split=split, live=live),
        icon=base64.b64encode(_ICON.encode()).decode(),
        css=_trusted(css),
        boot=_trusted(scripts[0]),
        loader=_trusted(scripts[1]),
        application=_trusted(_packed_application()),
        index=_trusted(index),
    )
    return page


def _trusted(text: str) -> Markup:
    """Pass our own assets and base64 through; a test looks that none closes its element."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never a text from outside


def _policy(scripts: Iterable[str], css: str, *, split: bool, live: bool) -> str:
    """Allow exactly our own scripts and style, and no request at all."""
    sources = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    if split:
        # Data files cannot be hashed beforehand; a page from file:// has no origin to name.
        sources += " 'self' file:"
    connect = "connect-src 'self'; " if live else ""
    return (
        f"default-src 'none'; {connect}script-src {sources}; style-src 'sha256-{_hash(css)}'; "
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
