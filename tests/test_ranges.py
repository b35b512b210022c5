"""Version ranges: which versions `^1.2`, `~1.2.3`, `1.x` and comparators let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptreg.errors import PromptError
from promptreg.versioning import Level, Version
from promptreg.versioning.ranges import Range, is_range

ALL = [
    "0.0.1", "0.0.2", "0.2.0", "0.2.5", "0.3.0", "1.0.0", "1.1.9", "1.2.0", "1.2.3-rc.1", "1.2.3",
    "1.2.9", "1.3.0-rc.1", "1.3.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "2.1.0", "3.0.0",
]  # fmt: skip

TABLE = [
    ("^1.2", "1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("^1.2.3", "1.2.3 1.2.9 1.3.0 1.10.0"),
    ("^1", "1.0.0 1.1.9 1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("^0", "0.0.1 0.0.2 0.2.0 0.2.5 0.3.0"),
    ("^0.2", "0.2.0 0.2.5"),
    ("^0.2.1", "0.2.5"),
    ("^0.0.1", "0.0.1"),
    ("^0.0", "0.0.1 0.0.2"),
    ("^1.2.3-rc.1", "1.2.3-rc.1 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("~1.2", "1.2.0 1.2.3 1.2.9"),
    ("~1.2.3", "1.2.3 1.2.9"),
    ("~1", "1.0.0 1.1.9 1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("~0.2.1", "0.2.5"),
    ("1.x", "1.0.0 1.1.9 1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("1", "1.0.0 1.1.9 1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    ("1.2.x", "1.2.0 1.2.3 1.2.9"),
    ("1.2.*", "1.2.0 1.2.3 1.2.9"),
    ("=1.2", "1.2.0 1.2.3 1.2.9"),
    ("1.2.3", "1.2.3"),
    ("=1.2.3-rc.1", "1.2.3-rc.1"),
    (">=1.2,<2", "1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    (">=1.2 <2", "1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    (">= 1.2 , < 2", "1.2.0 1.2.3 1.2.9 1.3.0 1.10.0"),
    (">=2.0.0-rc.1", "2.0.0-rc.1 2.0.0 2.1.0 3.0.0"),
    (">1.2", "1.3.0 1.10.0 2.0.0 2.1.0 3.0.0"),
    (">1.2.3,<=2", "1.2.9 1.3.0 1.10.0 2.0.0 2.1.0"),
    (">1", "2.0.0 2.1.0 3.0.0"),
    ("<0.2", "0.0.1 0.0.2"),
    ("<=0.2", "0.0.1 0.0.2 0.2.0 0.2.5"),
    ("<=0.2.0", "0.0.1 0.0.2 0.2.0"),
    ("<0.2.0", "0.0.1 0.0.2"),
    ("1.2 - 1.3", "1.2.0 1.2.3 1.2.9 1.3.0"),
    ("^0.2 || ~2.0", "0.2.0 0.2.5 2.0.0"),
    ("<2.0.0-rc.1,>=1.10", "1.10.0"),
    (">*", ""),
    ("<x", ""),
    (">2,<1", ""),
]  # fmt: skip


def v(text: str) -> Version:
    """Read one version."""
    return Version.parse(text)


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_which_versions_a_range_lets_in(text: str, expected: str) -> None:
    """Each form of range lets in exactly what node-semver's rules say."""
    found = Range.parse(text).matching(map(v, ALL))
    assert " ".join(map(str, found)) == expected


@pytest.mark.parametrize("text", ["*", "x", ">=0", ">=*"])
def test_everything_means_every_stable_version(text: str) -> None:
    """The widest range lets in all stable versions and no pre-release."""
    stable = [version for version in map(v, ALL) if version.is_stable]
    assert Range.parse(text).matching(map(v, ALL)) == stable


def test_best_is_the_greatest_version_inside() -> None:
    """`best` compares numbers, so 1.10 beats 1.3, and answers None for an empty set."""
    assert Range.parse("^1.2").best(map(v, ALL)) == v("1.10.0")
    assert Range.parse("^7").best(map(v, ALL)) is None
    assert str(Range.parse("^7")) == "^7"


@pytest.mark.parametrize(
    "text",
    ["", " ", ",", "^", "~>1.2", "1.2.3.4", "latest", "^1.2,", ",^1.2", "^1 ||", "1.x-rc.1", "^v",
     "1.2.3-01", "1.2.3-", "==1.2", "^1.2.3+build", ">=1.2;<2", "production", "1..2"],
)  # fmt: skip
def test_what_is_no_range_is_refused(text: str) -> None:
    """Anything else is an error that shows the forms, never an empty or a full range."""
    assert not is_range(text)
    with pytest.raises(PromptError) as caught:
        Range.parse(text)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "expected"),
    [("^1.2", True), ("1.x", True), ("1.2", True), ("*", True), ("1.2.0", False),
     ("1.2.0-rc.1", False), ("=1.2.0", True), ("production", False)],
)  # fmt: skip
def test_an_exact_version_is_no_range(text: str, expected: bool) -> None:  # noqa: FBT001
    """A reference with one exact version is told apart from a range."""
    assert is_range(text) is expected


STABLE = st.builds(Version, *[st.integers(0, 4)] * 3)


@given(STABLE, STABLE)
def test_caret_keeps_compatible_versions_only(base: Version, other: Version) -> None:
    """`^base` holds from base on, up to the first number that may break callers."""
    inside = other in Range.parse(f"^{base}")
    leading = next((i for i, n in enumerate((base.major, base.minor)) if n), 2)
    same = base.key[: leading + 1] == other.key[: leading + 1]
    assert inside == (other >= base and same)


@given(STABLE, STABLE)
def test_the_comparators_are_the_versions_own_order(base: Version, other: Version) -> None:
    """For stable versions the comparators say the same as comparing does."""
    assert (other in Range.parse(f">={base}")) == (other >= base)
    assert (other in Range.parse(f">{base}")) == (other > base)
    assert (other in Range.parse(f"<={base}")) == (other <= base)
    assert (other in Range.parse(f"<{base}")) == (other < base)
    assert (other in Range.parse(f"={base}")) == (other == base)


@given(STABLE)
def test_no_range_lets_a_release_candidate_of_the_next_version_in(base: Version) -> None:
    """Nobody gets a pre-release without naming one of the same core."""
    for level in (Level.PATCH, Level.MINOR, Level.MAJOR):
        candidate = base.bump(level).next_pre("rc")
        for text in (f"^{base}", f"~{base}", f">={base}", "*", f"{base.major}.x"):
            assert candidate not in Range.parse(text)
