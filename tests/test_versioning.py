"""Versions: grammar, precedence, and which version may follow which."""

from __future__ import annotations

import copy
import itertools
import pickle
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from promptreg.errors import PromptError
from promptreg.versioning import (
    CHANNELS,
    FIRST,
    Channel,
    Level,
    Version,
    hotfix_version,
    is_legal_successor,
    last_stable,
    legal_successors,
    level_between,
    next_version,
)
from promptreg.versioning.pseudo import PseudoVersion, is_pseudo, parse_pseudo, pseudo_version

NUMBERS = st.integers(0, 30)
IDENTIFIERS = st.one_of(
    st.integers(0, 10**12).map(str),
    st.from_regex(r"[0-9]*[A-Za-z-][0-9A-Za-z-]*", fullmatch=True).filter(lambda s: len(s) < 12),
)
PRERELEASES = st.none() | st.lists(IDENTIFIERS, min_size=1, max_size=4).map(".".join)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS, PRERELEASES)
OURS = st.builds(lambda c, n: f"{c}.{n}", st.sampled_from(CHANNELS), st.integers(1, 5))
SMALL = st.integers(0, 3)
RELEASED = st.builds(Version, st.integers(1, 3), SMALL, SMALL, st.none() | st.just("rc.1"))


def v(text: str) -> Version:
    """Read one version."""
    return Version.parse(text)


def vs(*texts: str) -> list[Version]:
    """Read several versions."""
    return [v(text) for text in texts]


# --- grammar ---


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0", "1.2.3", "10.20.30", "1.0.0-rc.1", "1.0.0-0", "1.0.0-alpha.beta.1", "1.0.0--",
        "1.0.0-0a", "999999999999.0.1", "1.3.1-0.20261122141500-abcdef123456",
    ],
)  # fmt: skip
def test_what_semver_allows_is_read_and_written_back(text: str) -> None:
    """A valid version reads and prints as itself."""
    assert str(Version.parse(text)) == text
    assert repr(Version.parse(text)) == f"Version({text!r})"


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.3-01", "1.2.3-", "1.2.3-a..b", "v1.2.3",
        "1.2.3-ä", "1.2.3 ", " 1.2.3", "1.2.3\n", "-1.2.3", "1.2.3-rc_1", "\u0661.2.3", "1.2.x",
        "9" * 200 + ".0.0", "1.0.0-" + "a" * 200, "\x00",
    ],
)  # fmt: skip
def test_what_semver_forbids_is_refused_with_one_short_line(text: str) -> None:
    """An invalid version is an error of one readable line with a fix."""
    with pytest.raises(PromptError) as caught:
        Version.parse(text)
    assert caught.value.rule == "invalid-version"
    assert caught.value.fix
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200


def test_a_leading_v_is_named_in_the_fix() -> None:
    """Who writes `v1.2.0`, as in tags of other tools, is told the exact text."""
    with pytest.raises(PromptError) as caught:
        Version.parse("v1.2.0")
    assert caught.value.fix == "use 1.2.0"


@pytest.mark.parametrize("text", ["1.0.0+build", "1.0.0-rc.1+5"])
def test_build_metadata_is_refused(text: str) -> None:
    """Build metadata is an error of its own, because two such versions compare as equal."""
    with pytest.raises(PromptError) as caught:
        Version.parse(text)
    assert caught.value.rule == "version-build"
    assert caught.value.fix == f"use {text.partition('+')[0]}"


@pytest.mark.parametrize("text", ["1.0.0", "1.0.0-rc.1", "1.0.0-m.12", "1.0.0-snapshot.3"])
def test_strict_accepts_what_promptreg_makes(text: str) -> None:
    """The three channels and stable versions pass the strict reading."""
    assert str(Version.parse(text, strict=True)) == text


@pytest.mark.parametrize(
    "text", ["1.0.0-rc", "1.0.0-rc.0", "1.0.0-beta.1", "1.0.0-RC.1", "1.0.0-rc.1.2", "1.0.0-rc1"]
)
def test_strict_refuses_other_prereleases(text: str) -> None:
    """A pre-release of another form is readable, and refused where it would be released."""
    assert Version.parse(text).channel is None
    with pytest.raises(PromptError) as caught:
        Version.parse(text, strict=True)
    assert caught.value.rule == "version-channel"
    assert "1.0.0-rc.1" in str(caught.value.fix)


@given(st.text(max_size=20))
def test_any_text_is_read_exactly_when_semver_reads_it(text: str) -> None:
    """The short cut for plain versions agrees with the semver package on every text."""
    try:
        expected = semver.Version.parse(text)
    except ValueError:
        with pytest.raises(PromptError):
            Version.parse(text)
        return
    if expected.build is None:
        assert str(Version.parse(text)) == str(expected)


# --- the value ---


def test_a_version_is_an_immutable_value() -> None:
    """A version hashes and compares by value, survives copying and pickling, and cannot change."""
    version = v("1.2.3-rc.1")
    for same in (v("1.2.3-rc.1"), copy.deepcopy(version), pickle.loads(pickle.dumps(version))):
        assert same == version
        assert hash(same) == hash(version)
    with pytest.raises(AttributeError, match="immutable"):
        version.major = 2
    with pytest.raises(AttributeError, match="immutable"):
        del version.major
    assert version != "1.2.3-rc.1"
    assert not hasattr(version, "__dict__")


def test_the_parts_of_a_version() -> None:
    """Core, stability, channel and number of a pre-release are what the text says."""
    version = v("1.2.3-rc.4")
    assert (version.major, version.minor, version.patch) == (1, 2, 3)
    assert version.prerelease == "rc.4"
    assert version.core == v("1.2.3")
    assert not version.is_stable
    assert (version.channel, version.pre_number) == ("rc", 4)
    assert v("1.2.3").is_stable
    assert v("1.2.3").prerelease is None
    assert (v("1.2.3").channel, v("1.2.3").pre_number) == (None, 0)


# --- precedence: SemVer 2.0.0 item 11 ---


def test_the_specifications_own_example_is_in_order() -> None:
    """The chain that item 11 of the specification prints is strictly rising."""
    chain = vs(
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1",
    )  # fmt: skip
    for low, high in itertools.combinations(chain, 2):
        assert low < high
        assert high > low
        assert low <= high
        assert high >= low
        assert low != high


@given(VERSIONS, VERSIONS)
def test_precedence_is_that_of_the_semver_package(a: Version, b: Version) -> None:
    """Two versions compare as the semver package compares them."""
    compared = semver.Version.parse(str(a)).compare(str(b))
    assert (a > b) - (a < b) == compared
    assert (a == b) == (compared == 0)
    assert (a.key < b.key) == (a < b)


@given(st.lists(VERSIONS, max_size=8), st.randoms(use_true_random=False))
def test_sorting_is_total_and_stable_under_shuffling(
    versions: list[Version], random: Random
) -> None:
    """The order does not depend on the order of the input."""
    shuffled = versions[:]
    random.shuffle(shuffled)
    assert sorted(versions) == sorted(shuffled) == sorted(shuffled, key=lambda x: x.key)


@given(VERSIONS)
def test_a_prerelease_is_below_its_core_and_a_bump_above(version: Version) -> None:
    """A pre-release precedes its stable version, every bump follows it."""
    assert (version < version.core) == (not version.is_stable)
    bumped = [version.bump(level) for level in (Level.PATCH, Level.MINOR, Level.MAJOR)]
    assert version < bumped[0] < bumped[1] < bumped[2]
    assert version.bump(Level.NONE) is version


# --- levels ---


def test_levels_are_ordered_and_named() -> None:
    """Levels compare by weight and have the names people write."""
    assert Level.NONE < Level.PATCH < Level.MINOR < Level.MAJOR
    assert [level.label for level in Level] == ["none", "patch", "minor", "major"]
    assert all(Level.from_name(level.label) is level for level in Level)
    with pytest.raises(PromptError, match="'mayor' is not a level") as caught:
        Level.from_name("mayor")
    assert caught.value.fix == "use one of none, patch, minor, major"


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("1.2.3", "1.2.3", Level.NONE),
        ("1.2.3", "1.2.2", Level.NONE),
        ("1.2.3", "1.2.4", Level.PATCH),
        ("1.2.3", "1.3.0", Level.MINOR),
        ("1.2.3", "1.3.0-rc.1", Level.MINOR),
        ("1.2.3", "2.0.0", Level.MAJOR),
        ("1.3.0-rc.1", "1.3.0-rc.2", Level.PATCH),
        ("1.3.0-rc.1", "1.3.0", Level.PATCH),
    ],
)
def test_level_between(old: str, new: str, level: Level) -> None:
    """The level of a step is told by the greatest number that grew."""
    assert level_between(v(old), v(new)) is level


# --- next version ---

NEXT = [
    # baseline, level, taken, pre, expected
    (None, "none", [], None, "1.0.0"),
    (None, "major", [], "rc", "1.0.0-rc.1"),
    (None, "minor", ["1.4.0", "1.3.0"], None, "1.5.0"),
    ("1.0.0", "none", ["1.0.0"], None, "1.0.1"),
    ("1.0.0", "patch", ["1.0.0"], None, "1.0.1"),
    ("1.0.0", "minor", ["1.0.0"], None, "1.1.0"),
    ("1.0.0", "major", ["1.0.0"], None, "2.0.0"),
    ("1.9.0", "minor", ["1.9.0", "1.10.0"], None, "1.11.0"),
    # behind others: over what is taken in that line
    ("1.2.0", "patch", ["1.2.0", "1.2.1", "1.3.0"], None, "1.2.2"),
    ("1.2.0", "minor", ["1.2.0", "1.3.0", "2.0.0"], None, "1.4.0"),
    ("1.2.0", "major", ["1.2.0", "2.0.0", "3.1.0"], None, "4.0.0"),
    # pre-releases
    ("1.2.0", "minor", ["1.2.0"], "rc", "1.3.0-rc.1"),
    ("1.2.0", "patch", ["1.2.0"], "snapshot", "1.2.1-snapshot.1"),
    ("1.3.0-rc.1", "minor", ["1.2.0", "1.3.0-rc.1"], None, "1.3.0-rc.2"),
    ("1.3.0-rc.1", "none", ["1.2.0", "1.3.0-rc.1"], None, "1.3.0-rc.2"),
    ("1.3.0-rc.1", "patch", ["1.2.0", "1.3.0-rc.1", "1.3.0-rc.2"], None, "1.3.0-rc.3"),
    ("1.3.0-rc.9", "patch", ["1.2.0", "1.3.0-rc.9", "1.3.0-rc.10"], None, "1.3.0-rc.11"),
    ("1.2.1-rc.1", "minor", ["1.2.0", "1.2.1-rc.1"], None, "1.3.0-rc.1"),
    ("1.3.0-rc.1", "major", ["1.2.0", "1.3.0-rc.1"], "rc", "2.0.0-rc.1"),
    ("1.0.0-m.1", "major", ["1.0.0-m.1"], None, "1.0.0-m.2"),
    ("1.3.0-rc.1", "patch", ["1.2.0", "1.3.0-rc.1", "1.3.0"], None, "1.3.1"),
    ("1.2.0", "minor", ["1.2.0", "1.3.0-rc.1"], None, "1.3.0"),
]


@pytest.mark.parametrize(("baseline", "level", "taken", "pre", "expected"), NEXT)
def test_next_version(
    baseline: str | None, level: str, taken: list[str], pre: Channel | None, expected: str
) -> None:
    """The next version is the smallest legal one of the level that is free."""
    base = v(baseline) if baseline else None
    found = next_version(base, Level.from_name(level), vs(*taken), pre=pre)
    assert str(found) == expected


def test_a_second_channel_at_one_core_is_refused() -> None:
    """SemVer sorts channels by their letters, so one core has one channel."""
    taken = vs("1.2.0", "1.3.0-rc.1")
    for baseline in ("1.2.0", "1.3.0-rc.1"):
        with pytest.raises(PromptError, match=r"1\.3\.0-rc\.1") as caught:
            next_version(v(baseline), Level.MINOR, taken, pre="snapshot")
        assert caught.value.rule == "version-channel"


def test_a_channel_of_another_tool_is_not_counted_on() -> None:
    """Behind `beta.2` a person has to choose, and is told a version that works."""
    taken = vs("1.2.0", "1.3.0-beta.2")
    with pytest.raises(PromptError) as caught:
        next_version(v("1.3.0-beta.2"), Level.MINOR, taken)
    assert "--version 1.3.0" in str(caught.value.fix)
    assert is_legal_successor(v("1.3.0"), v("1.3.0-beta.2"), taken)


def test_an_unknown_channel_is_refused() -> None:
    """Only rc, m and snapshot are made."""
    with pytest.raises(PromptError, match="'beta' is not a pre-release channel"):
        v("1.0.0").next_pre("beta")  # type: ignore[arg-type]
    with pytest.raises(PromptError, match="already has"):
        v("1.0.0-rc.1").next_pre("m")


def test_hotfix_takes_the_next_free_patch_of_the_old_line() -> None:
    """A hotfix of an old line stays in it, whatever its level below major."""
    taken = vs("1.2.0", "1.2.1", "1.3.0", "2.0.0")
    for level in (Level.NONE, Level.PATCH, Level.MINOR):
        assert hotfix_version(v("1.2.0"), level, taken) == v("1.2.2")
    with pytest.raises(PromptError, match="major") as caught:
        hotfix_version(v("1.2.0"), Level.MAJOR, taken)
    assert caught.value.rule == "level-too-low"


def test_last_stable() -> None:
    """Levels compare with the greatest stable version not above the baseline."""
    taken = vs("1.2.0", "1.3.0", "1.4.0-rc.1", "2.0.0")
    assert last_stable(v("1.4.0-rc.1"), taken) == v("1.3.0")
    assert last_stable(v("1.3.0"), taken) == v("1.3.0")
    assert last_stable(v("1.0.0-rc.1"), taken) is None
    assert last_stable(None, taken) is None


@given(
    st.lists(RELEASED, min_size=1, max_size=8, unique=True),
    st.data(),
    st.sampled_from(Level),
    st.sampled_from([None, "rc"]),
)
def test_the_next_version_is_free_legal_and_high_enough(
    taken: list[Version], data: st.DataObject, level: Level, pre: Channel | None
) -> None:
    """Whatever is taken, the next version is new, above its baseline, legal, and of the level."""
    baseline = data.draw(st.sampled_from(taken))
    found = next_version(baseline, level, taken, pre=pre)
    assert found not in taken
    assert found > baseline
    assert is_legal_successor(found, baseline, taken)
    stable = last_stable(baseline, taken)
    if stable:
        assert level_between(stable, found) >= level


# --- legal successors ---

SUCCESSORS = [
    (None, [], "1.0.0"),
    ("1.0.0", ["1.0.0"], "1.0.1 1.1.0 2.0.0"),
    ("1.2.3", ["1.2.3"], "1.2.4 1.3.0 2.0.0"),
    ("1.2.0", ["1.2.0", "1.2.1", "1.3.0", "2.0.0"], "1.2.2 1.4.0 3.0.0"),
    ("1.3.0-rc.1", ["1.2.0", "1.3.0-rc.1"], "1.3.0-rc.2 1.3.0 2.0.0"),
    ("1.2.1-rc.2", ["1.2.0", "1.2.1-rc.2"], "1.2.1-rc.3 1.2.1 1.3.0 2.0.0"),
    ("1.0.0-rc.1", ["1.0.0-rc.1"], "1.0.0-rc.2 1.0.0"),
    ("1.3.0-beta", ["1.2.0", "1.3.0-beta"], "1.3.0 2.0.0"),
    (None, ["2.0.0"], "2.0.1 2.1.0 3.0.0"),
]


@pytest.mark.parametrize(("baseline", "taken", "expected"), SUCCESSORS)
def test_legal_successors(baseline: str | None, taken: list[str], expected: str) -> None:
    """One step of each level over what is taken, and behind a pre-release its channel and core."""
    found = legal_successors(vs(*taken), v(baseline) if baseline else None)
    assert " ".join(map(str, found)) == expected
    base = v(baseline) if baseline else None
    assert all(is_legal_successor(version, base, vs(*taken)) for version in found)


@pytest.mark.parametrize(
    ("version", "baseline", "taken", "legal"),
    [
        ("1.0.0", None, [], True),
        ("1.0.0-rc.1", None, [], True),
        ("1.0.0-rc.2", None, [], False),
        ("2.0.0", None, [], False),
        ("1.3.0", "1.2.0", ["1.2.0"], True),
        ("1.3.0-rc.1", "1.2.0", ["1.2.0"], True),
        ("1.3.0-rc.2", "1.2.0", ["1.2.0"], False),
        ("1.3.0-beta.1", "1.2.0", ["1.2.0"], False),
        ("1.4.0", "1.2.0", ["1.2.0"], False),
        ("1.2.2", "1.2.0", ["1.2.0"], False),
        ("10.0.0", "1.2.0", ["1.2.0"], False),
        ("1.2.0", "1.2.0", ["1.2.0"], False),
        ("1.1.0", "1.2.0", ["1.2.0"], False),
        ("1.3.0", "1.3.0-rc.1", ["1.2.0", "1.3.0-rc.1"], True),
        ("1.3.0-snapshot.1", "1.3.0-rc.1", ["1.2.0", "1.3.0-rc.1"], False),
        ("2.0.0-m.1", "1.3.0-rc.1", ["1.2.0", "1.3.0-rc.1"], True),
        ("1.3.1", "1.3.0-rc.1", ["1.2.0", "1.3.0-rc.1"], False),
    ],
)
def test_is_legal_successor(
    version: str,
    baseline: str | None,
    taken: list[str],
    legal: bool,  # noqa: FBT001
) -> None:
    """No number may be skipped, taken or gone back to."""
    base = v(baseline) if baseline else None
    assert is_legal_successor(v(version), base, vs(*taken)) is legal


def test_first_version() -> None:
    """A prompt begins at 1.0.0."""
    assert str(FIRST) == "1.0.0"


# --- pseudo-versions ---

MOMENT = datetime(2026, 11, 22, 14, 15, 0, tzinfo=UTC)
DIGEST = "abcdef123456" + "0" * 52


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (None, "0.0.0-20261122141500-abcdef123456"),
        ("1.3.0", "1.3.1-0.20261122141500-abcdef123456"),
        ("1.3.0-rc.1", "1.3.0-rc.1.0.20261122141500-abcdef123456"),
    ],
)
def test_pseudo_version(base: str | None, expected: str) -> None:
    """Untagged content is named after the version below it, its commit's time and its digest."""
    version = pseudo_version(v(base) if base else None, MOMENT, DIGEST)
    assert str(version) == expected
    assert Version.parse(expected) == version
    assert is_pseudo(version)


def test_a_pseudo_versions_time_is_utc() -> None:
    """The same moment in another zone, or naive, makes the same name."""
    berlin = MOMENT.astimezone(timezone(timedelta(hours=1)))
    names = {pseudo_version(None, m, DIGEST) for m in (MOMENT, berlin, MOMENT.replace(tzinfo=None))}
    assert len(names) == 1


@pytest.mark.parametrize(
    "text",
    ["1.3.0", "1.3.0-rc.1", "1.3.0-0.20261122141500-abcdef123456",
     "1.3.1-0.2026112214150-abcdef123456",
     "1.3.1-0.20261322141500-abcdef123456", "1.3.1-20261122141500-abcdef123456",
     "1.3.1-rc.1.20261122141500-abcdef123456"],
)  # fmt: skip
def test_other_versions_are_no_pseudo_versions(text: str) -> None:
    """A version that promptreg would not have made so is an ordinary one."""
    assert parse_pseudo(Version.parse(text)) is None


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, "ABCDEF123456"])
def test_a_pseudo_version_wants_a_digest(digest: str) -> None:
    """Anything but a digest is refused."""
    with pytest.raises(PromptError, match="is not a digest"):
        pseudo_version(None, MOMENT, digest)


@given(
    st.none() | st.builds(Version, st.integers(1, 9), SMALL, SMALL, st.none() | OURS),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - naive counts as UTC
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_pseudo_versions_read_back_and_sort_between(
    base: Version | None, moment: datetime, digest: str
) -> None:
    """What a pseudo-version says reads back, and it sorts just above its base."""
    version = pseudo_version(base, moment, digest)
    told = PseudoVersion(base, moment.replace(microsecond=0, tzinfo=UTC), digest[:12])
    assert parse_pseudo(Version.parse(str(version))) == told
    if base:
        assert base < version < base.bump(Level.PATCH)
        assert base.is_stable or version < base.next_pre(base.channel)
