"""The text diff: exact, readable and bounded in cost."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptreg.diffs.counting import count_edits
from promptreg.diffs.myers import changed_blocks
from promptreg.diffs.textdiff import TextDiff, compare_texts, tokenize

CORPUS = Path(__file__).parents[1] / ".." / "shared" / "corpus" / "prompt_histories.jsonl.gz"
LINES = st.lists(
    st.sampled_from(["", "a", "b c", "the quick brown fox", "the slow brown fox.", "日本語", " "]),
    max_size=12,
)
TEXTS = st.one_of(st.text(max_size=80), LINES.map("\n".join))


def _sides(diff: TextDiff) -> tuple[str, str]:
    old, new = [], []
    for row in diff.rows:
        if row.kind == "change":
            assert "".join(s.text for s in row.spans if s.kind != "insert") == row.old
            assert "".join(s.text for s in row.spans if s.kind != "delete") == row.new
        old.append(row.old or "")
        new.append(row.new or "")
    return "".join(old), "".join(new)


def _marked(old: str, new: str) -> str:
    marks = {"equal": "%s", "delete": "[-%s-]", "insert": "{+%s+}"}
    lines = []
    for row in compare_texts(old, new).rows:
        if row.kind == "change":
            lines.append("~" + "".join(marks[s.kind] % s.text for s in row.spans).rstrip("\n"))
        else:
            sign = {"equal": " ", "delete": "-", "insert": "+"}[row.kind]
            lines.append(sign + (row.old or row.new or "").rstrip("\n"))
    return "\n".join(lines)


@given(TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_joining_the_rows_gives_both_texts_back(old: str, new: str) -> None:
    """Nothing of either text is lost or invented, whatever the texts."""
    diff = compare_texts(old, new)
    assert _sides(diff) == (old, new)
    assert diff.is_equal == (old == new)
    assert 0 <= diff.similarity <= 1


@given(LINES, LINES)
def test_counting_edits_agrees_with_finding_them(old: list[str], new: list[str]) -> None:
    """As many lines came and went as the diff says that differ, or all above the limit."""
    blocks = changed_blocks(old, new, 2 * 12)
    came = sum(block.new_end - block.new_start for block in blocks)
    went = sum(block.old_end - block.old_start for block in blocks)
    assert count_edits(old, new, 12 * 12) == (came, went)
    whole = changed_blocks(old, new, 0)
    assert count_edits(old, new, 0) == (
        sum(block.new_end - block.new_start for block in whole),
        sum(block.old_end - block.old_start for block in whole),
    )


@given(TEXTS)
@settings(deadline=None)
def test_tokens_join_to_the_text(text: str) -> None:
    """Splitting into words loses no character."""
    assert "".join(tokenize(text)) == text


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_line_numbers_count_without_gaps(old: str, new: str) -> None:
    """Each side's line numbers run from 1 upwards, each exactly once."""
    rows = compare_texts(old, new).rows
    for numbers in (
        [row.old_number for row in rows if row.old_number is not None],
        [row.new_number for row in rows if row.new_number is not None],
    ):
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("", "new\n", "+new"),
        ("old", "", "-old"),
        ("You are a helper.\n", "You are a senior helper.\n", "~You are a {+senior +}helper."),
        ("Be brief and kind.", "Be brief, precise and kind.", "~Be brief{+, precise+} and kind."),
        (
            'Keys "answer" and "sources".',
            'Keys "answer", "sources" and "confidence".',
            '~Keys "answer"[- and-]{+,+} "sources"{+ and "confidence"+}.',
        ),
        ("一二三四。", "一二五四。", "~一二[-三-]{+五+}四。"),
        ("a b\r\n", "a b\n", "~a b[-\r-]"),
        ("same\nend\n", "same\nend", " same\n~end[-\n-]"),
    ],
)
def test_marks_are_what_a_reader_expects(old: str, new: str, expected: str) -> None:
    """Word marks cover the changed words and nothing else."""
    assert _marked(old, new) == expected


def test_an_inserted_sentence_marks_only_itself() -> None:
    """Where prompt-versioner shows the whole prompt as changed, only the new sentence is."""
    before = "You review code. Look for bugs and security problems. Answer in Markdown.\n"
    added = (
        "Before you answer, think about who reads this, what they already know, which step they "
        "must take first and which of your findings matter to them. "
    )
    after = before.replace("Look for", added + "Look for")
    assert _marked(before, after) == (
        "~You review code. {+"
        + added
        + "+}Look for bugs and security problems. Answer in Markdown."
    )
    assert compare_texts(before, after).words_removed == 0
    assert compare_texts(before, after).words_added == 26


def test_lines_pair_by_likeness_not_by_position() -> None:
    """A changed line is compared with the line it came from although lines were put before it."""
    old = "Summarize the article in two sentences.\nUse a neutral tone.\n"
    new = (
        "You are an editor.\nNever invent facts.\n"
        "Summarize the article in three sentences.\nUse a neutral tone.\n"
    )
    assert _marked(old, new).splitlines() == [
        "+You are an editor.",
        "+Never invent facts.",
        "~Summarize the article in [-two-]{+three+} sentences.",
        " Use a neutral tone.",
    ]


def test_paragraphs_pair_across_blank_lines() -> None:
    """Blank lines that happen to match do not tear a moved paragraph from its origin."""
    old = "Intro.\n\nAnswer only with valid JSON, no prose.\n\nEnd.\n"
    new = "Intro.\n\nThink first.\n\nAnswer only with valid JSON and no prose.\n\nEnd.\n"
    assert _marked(old, new).splitlines() == [
        " Intro.",
        " ",
        "+Think first.",
        "+",
        "~Answer only with valid JSON[-,-]{+ and+} no prose.",
        " ",
        " End.",
    ]


def test_unlike_lines_are_not_paired() -> None:
    """Lines with little in common stand as removed and added, without word confetti."""
    rows = compare_texts("Be kind to the user.\n", "Return strict JSON output only.\n").rows
    assert [row.kind for row in rows] == ["delete", "insert"]


def test_hunks_keep_context_around_changes() -> None:
    """Unchanged rows far from a change are left out."""
    old = "".join(f"line {n}\n" for n in range(100))
    new = old.replace("line 10\n", "line ten\n").replace("line 90\n", "")
    groups = compare_texts(old, new).hunks(2)
    assert [len(group) for group in groups] == [5, 5]
    assert groups[0][0].old_number == 9


def test_cost_is_bounded() -> None:
    """Two large texts with nothing in common end as one replacement, and both come back."""
    old = "\n".join(f"alpha{n} beta{n}" for n in range(3000))
    new = "\n".join(f"gamma{n} delta{n}" for n in range(3000))
    assert _sides(compare_texts(old, new)) == (old, new)
    long_old, long_new = old.replace("\n", " "), new.replace("\n", " ")
    assert _sides(compare_texts(long_old, long_new)) == (long_old, long_new)


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is absent")
def test_real_prompt_histories_come_back() -> None:
    """Every real edit, and each history's first against last text, reproduces both texts."""
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        histories = [[v["text"] for v in json.loads(line)["versions"]] for line in lines]
    for texts in histories:
        pairs = [*itertools.pairwise(texts), (texts[0], texts[-1])]
        for old, new in pairs:
            assert _sides(compare_texts(old, new)) == (old, new)
