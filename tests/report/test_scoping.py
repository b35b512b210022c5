"""Which rows belong to the prompts of a report."""

from __future__ import annotations

from promptreg.metrics.summary import Rename
from promptreg.report.desk import Outline, VersionName
from promptreg.report.figures import Totals
from promptreg.report.scoping import scope_of


def _outline(name: str, **digests: str) -> Outline:
    versions = (VersionName(version.replace("_", "."), d) for version, d in digests.items())
    return Outline(name, f"prompts/{name}.prompt.yml", tuple(versions))


def test_a_version_that_two_prompts_had_in_turn_has_one_digest() -> None:
    """A name is used again, both prompts release 1.1.0, and a row of it is counted once."""
    outlines = [
        _outline("new", **{"1_0_0": "first", "1_1_0": "of new"}),
        _outline("old", **{"1_0_0": "first", "1_1_0": "of old"}),
    ]
    nameless = frozenset({("old", "1.0.0"), ("old", "1.1.0"), ("new", "1.1.0")})
    totals = Totals(rows={"new": 2, "old": 1}, nameless=nameless)
    scope = scope_of(outlines, totals, None, [Rename("new", "old", ("1.0.0",))])
    assert scope is not None
    assert set(scope.aliases) == {
        ("old", "1.0.0", "first"),
        ("new", "1.1.0", "of new"),
        ("old", "1.1.0", "of old"),
    }


def test_nothing_is_asked_about_prompts_without_rows() -> None:
    """Where no prompt of a group has rows there is no question."""
    assert scope_of([_outline("a", **{"1_0_0": "x"})], Totals(), None, []) is None
