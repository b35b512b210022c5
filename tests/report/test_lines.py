"""A prompt as a line of the report's JSON."""

from __future__ import annotations

import json

from promptreg.report.lines import line_of, pack_line
from promptreg.report.model import PromptRow
from promptreg.report.origin import Links
from promptreg.report.schema import as_json


def test_a_line_says_what_the_prompt_says_and_where_it_is() -> None:
    """A packed prompt comes back with its links, whatever its texts are, in ASCII too."""
    hostile = '"file_url": "", "edit_url": "" \u00e9 \U0001f600 \x9b2J \x7f \ud800'
    row = PromptRow("faq", title=hostile, metadata=(("file_url", '""'), (hostile, "1")))
    links = Links("https://example.com/\u00e9", 'https://example.com/"')
    expected = as_json(row._replace(file_url=links.file, edit_url=links.edit))
    packed = pack_line(row)
    line, escaped = (line_of(packed, links, ensure_ascii=only) for only in (False, True))
    assert json.loads(line) == json.loads(json.dumps(expected))
    assert json.loads(escaped) == json.loads(line)
    assert escaped.isascii()
    assert not {"\x7f", "\x9b", "\n"} & {*line, *escaped}
    assert "\u00e9" in line
