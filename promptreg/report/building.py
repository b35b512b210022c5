"""Builds reports, one prompt at a time: what was built of one is not held while the next is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from itertools import chain
from typing import TYPE_CHECKING

from promptreg.formats.json_text import json_text
from promptreg.report.data import Collector
from promptreg.report.desk import Here
from promptreg.report.html import HtmlBuilder, PackedPrompt, Page
from promptreg.report.lines import PackedLine, line_of
from promptreg.report.memory import one_snapshot
from promptreg.report.schema import as_json
from promptreg.report.workers import worthwhile

if TYPE_CHECKING:
    from promptreg.registry import Registry
    from promptreg.report.data import OnStep, Options
    from promptreg.report.desk import Done
    from promptreg.report.memory import Memory
    from promptreg.report.origin import Links

__all__ = ["build_json", "build_markdown", "build_page"]


def build_page(
    registry: Registry,
    options: Options,
    *,
    split: bool = False,
    live: bool = False,
    memory: Memory | None = None,
    on_step: OnStep | None = None,
) -> Page:
    """Collect and render a report as HTML.

    Args:
        registry: Where from.
        options: What the report is about.
        split: Whether the data goes into files of its own.
        live: Whether the page reloads itself when its server says so.
        memory: What was finished before; kept up to date for the next time.
        on_step: Called with how many steps are done and how many there are.
    """
    with _finishing(registry, options, memory, on_step) as (collector, finished):
        builder = HtmlBuilder(split=split, live=live)
        for found, links in finished:
            assert isinstance(found.packed, PackedPrompt), "finished for the page"
            builder.take(found.packed, links)
        return builder.finish(collector.report())


def build_markdown(
    registry: Registry,
    options: Options,
    *,
    memory: Memory | None = None,
    on_step: OnStep | None = None,
) -> str:
    """Collect and write a report as Markdown.

    Args:
        registry: Where from.
        options: What the report is about.
        memory: What was finished before, for a page too; kept up to date for the next time.
        on_step: Called with how many steps are done and how many there are.
    """
    from promptreg.report.markdown import markdown_report

    with _finishing(registry, options, memory, on_step) as (collector, finished):
        deque(finished, maxlen=0)
        return markdown_report(collector.report(), collector.lines)


def build_json(
    registry: Registry,
    options: Options,
    *,
    ensure_ascii: bool = False,
    memory: Memory | None = None,
    on_step: OnStep | None = None,
) -> Iterator[str]:
    """Collect and write a report as JSON: `promptreg.report.schema`, each prompt in a line.

    Args:
        registry: Where from.
        options: What the report is about.
        ensure_ascii: Whether to escape all that is not ASCII.
        memory: What was finished before, for JSON too; kept up to date for the next time.
        on_step: Called with how many steps are done and how many there are.

    Returns:
        Its parts; everything is collected, and the registry no longer needed.
    """
    packed: list[tuple[PackedLine, Links]] = []
    with _finishing(registry, options, memory, on_step, for_json=True) as (collector, finished):
        for found, links in finished:
            assert isinstance(found.packed, PackedLine), "finished for JSON"
            packed.append((found.packed, links))
        values = as_json(collector.report())
    names = [*values]
    place = names.index("prompts")
    before, after = (
        json_text({name: values[name] for name in some}, ensure_ascii=ensure_ascii)
        for some in (names[:place], names[place + 1 :])
    )
    start = before.removesuffix("\n}") + ',\n  "prompts": ['
    lines = (line_of(one, links, ensure_ascii=ensure_ascii) for one, links in packed)
    return chain([start], _separated(lines), [f"],{after[1:]}\n"])


def _separated(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines as the items of a list."""
    comma = ""
    for line in lines:
        yield f"{comma}\n    {line}"
        comma = ","
    if comma:
        yield "\n  "


@contextmanager
def _finishing(
    registry: Registry,
    options: Options,
    memory: Memory | None,
    on_step: OnStep | None,
    *,
    for_json: bool = False,
) -> Iterator[tuple[Collector, Iterator[tuple[Done, Links]]]]:
    """Give a collector and its finished prompts, by as many processes as are worthwhile."""
    collector = Collector(registry, options, on_step, memory, for_json=for_json)
    with (
        one_snapshot(registry.metrics) if memory is not None else nullcontext(),
        worthwhile(registry, collector.count_versions()) as workers,
        # An interruption keeps what was finished before the processes end.
        closing(collector.finished(workers or Here(registry))) as finished,
    ):
        yield collector, finished
