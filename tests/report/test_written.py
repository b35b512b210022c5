"""The rows of successive versions: those of what did not change are kept, and no others."""

from __future__ import annotations

from promptreg.prompt.blocks import BlockParser
from promptreg.prompt.parsing import parse_prompt
from promptreg.report.written import Writer, Written

MESSAGES = "messages:\n- role: user\n  content: hi\n"


def _written(texts: list[str]) -> list[Written]:
    """Return the rows of files that are versions of one prompt, in their order."""
    parser, writer = BlockParser(), Writer()
    return [writer.write(parser.parse(text.encode(), "p", "n"), {}) for text in texts]


def test_rows_of_what_did_not_change_are_kept() -> None:
    """Two versions share the rows of equal blocks, so that a report holds and packs them once."""
    variables = "variables:\n  tone: {default: calm, enum: [calm, loud]}\n"
    first, second = _written(
        [f"version: 1.{n}.0\nmodel: m\n{variables}tags: [t{n}]\n{MESSAGES}" for n in range(2)]
    )
    assert second.messages is first.messages
    assert second.variables is first.variables
    assert (first.settings, second.settings) == ((("tags", '["t0"]'),), (("tags", '["t1"]'),))


def test_values_that_python_takes_for_equal_have_their_own_rows() -> None:
    """A number, the same with a point, and true are three settings, back and forth."""
    values = ["1", "1.0", "true", "1", "[1]", "[1.0]"]
    rows = _written([f"modelParameters: {{n: {value}}}\n{MESSAGES}" for value in values])
    assert [row.settings for row in rows] == [(("modelParameters.n", v),) for v in values]


def test_rows_are_those_of_a_file_alone() -> None:
    """What a version says hangs on no other; only the lines that came and went do."""
    texts = [
        MESSAGES,
        f"tags: []\n{MESSAGES}",
        f"metadata: {{b: 1, a: {{}}}}\n{MESSAGES}",
        MESSAGES,
    ]
    alone = [Writer().write(parse_prompt(text.encode(), "p", "n"), {}) for text in texts]
    again = [row._replace(lines_added=1) for row in _written(texts)]
    assert again == alone
    # A file without settings has none, not one without a name.
    assert [row.settings for row in alone] == [
        (),
        (("tags", "[]"),),
        (("metadata.a", "{}"), ("metadata.b", "1")),
        (),
    ]
