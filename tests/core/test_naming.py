"""Names, paths, tags, labels and references: how one is written as the other."""

from __future__ import annotations

import string
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptreg.errors import ConfigError, PromptError
from promptreg.history.labels import label_of_path, label_path, lint_label, parse_label, write_label
from promptreg.naming import LABEL, NAME, Layout, TagFormat, prompts_folder, windows_refuses
from promptreg.versioning import Version
from promptreg.versioning.ranges import is_range
from promptreg.versioning.references import Reference, ReferenceKind, parse_reference

PATHS = {
    "prompts/a.yaml": "a",
    "prompts/a.yml": "a",
    "prompts/a.prompt.yaml": "a",
    "prompts/a.prompt.yml": "a",
    "prompts/team/a-b_1.prompt.yml": "team/a-b_1",
    "prompts/Bad Name.yaml": "Bad Name",
    "prompts/a.eval.yaml": None,
    "prompts/a.eval.yml": None,
    "prompts/yanked.yaml": None,
    "prompts/team/yanked.yaml": "team/yanked",
    "prompts/labels/production.yaml": None,
    "prompts/experiments/x.yaml": None,
    "prompts/team/labels/x.yaml": "team/labels/x",
    "prompts/a.md": None,
    "prompts/a.json": None,
    "prompts.yaml": None,
    "other/a.yaml": None,
    "a.yaml": None,
    "prompts2/a.yaml": None,
}


@pytest.mark.parametrize(("path", "name"), PATHS.items())
def test_which_files_are_prompts(path: str, name: str | None) -> None:
    """A file below the root is a prompt by its ending, save suites and what is reserved."""
    layout = Layout()
    assert layout.name_of(path) == name
    assert layout.is_prompt(path) == (name is not None)
    if name is not None:
        assert path in layout.candidates(name)


def test_include_and_exclude() -> None:
    """Patterns adapt which files count in repositories that hold other YAML."""
    layout = Layout("ai/p", include=("*.prompt.yml", "x/*"), exclude=("x/old*",))
    assert layout.name_of("ai/p/a.prompt.yml") == "a"
    assert layout.name_of("ai/p/x/b.yaml") == "x/b"
    assert layout.name_of("ai/p/x/old.yaml") is None
    assert layout.name_of("ai/p/a.yaml") is None


@pytest.mark.parametrize("name", ["a", "a1", "1a", "a-b", "a_b", "a/b/c", "0"])
def test_names(name: str) -> None:
    """Lower case, digits, dashes and folders are names."""
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "_a", "a/", "/a", "a//b", "a.b", "a b", "ä", "a@b"]
)
def test_no_names(name: str) -> None:
    """Anything else is none, so that a name is always a ref and a path."""
    assert not NAME.fullmatch(name)


# As wide as NAME itself; a strategy made from the expression takes thirty times as long.
_FIRST = string.ascii_lowercase + string.digits
_PARTS = st.builds(str.__add__, st.sampled_from(_FIRST), st.text(_FIRST + "-_"))
_NAMES = st.lists(_PARTS, min_size=1).map("/".join)
_FORMATS = st.sampled_from(
    [
        "{name}@{version}",
        "prompt/{name}/v{version}",
        "{name}-v{version}",
        "{name}-{version}",
        "p-{name}_{version}-end",
    ]
)


@given(_FORMATS, _NAMES, st.sampled_from(["1.0.0", "2.10.3-rc.1", "1.0.0-snapshot.12"]))
def test_tags_are_read_back(template: str, name: str, version: str) -> None:
    """What a format writes it reads as the same name and version, whatever the name."""
    assert NAME.fullmatch(name)
    tag_format = TagFormat(template)
    tag = tag_format.tag(name, version)
    assert tag.startswith(tag_format.prefix(name))
    assert tag_format.parse(tag) == (name, version)


@pytest.mark.parametrize(
    "template", ["{name}", "{version}", "{name}{name}@{version}", "{version}-{name}"]
)
def test_bad_tag_formats(template: str) -> None:
    """A format without both fields, each once and the name first, is refused."""
    with pytest.raises(ConfigError):
        TagFormat(template)


@pytest.mark.parametrize(
    ("template", "allowed"),
    [
        ("{name}{version}", False),
        ("{name}1{version}", False),
        ("{name}..{version}", False),
        ("{name} {version}", False),
        ("{name}:{version}", False),
        ("{name}@{{version}", False),
        ("/{name}@{version}", False),
        ("-{name}@{version}", False),
        ("{name}/.{version}", False),
        ("{name}@{version}.lock", False),
        ("{name}@{version}/", False),
        ("{name}/{version}", True),
        ("ä/{name}.{version}", True),
    ],
)
def test_a_tag_format_makes_names_that_git_allows(template: str, allowed: bool) -> None:  # noqa: FBT001
    """A name that git ignores as broken would be released again in every run."""
    if not allowed:
        with pytest.raises(ConfigError):
            TagFormat(template)
        return
    ref = f"refs/tags/{TagFormat(template).tag('a/b', '1.0.0-rc.1')}"
    subprocess.run(["git", "check-ref-format", ref], check=True)


REFERENCES = {
    "a": Reference("a"),
    "a@latest": Reference("a"),
    "a@1.2.0": Reference("a", ReferenceKind.VERSION, "1.2.0"),
    "a@1.2.0-rc.1": Reference("a", ReferenceKind.VERSION, "1.2.0-rc.1"),
    "a@^1.2": Reference("a", ReferenceKind.RANGE, "^1.2"),
    "a@1": Reference("a", ReferenceKind.RANGE, "1"),
    "a@1.x": Reference("a", ReferenceKind.RANGE, "1.x"),
    "a@>=1.2,<2": Reference("a", ReferenceKind.RANGE, ">=1.2,<2"),
    "a@production": Reference("a", ReferenceKind.LABEL, "production"),
    "a@HEAD": Reference("a", ReferenceKind.COMMIT, "HEAD"),
    "a@head": Reference("a", ReferenceKind.COMMIT, "HEAD"),
    "a@HEAD~2": Reference("a", ReferenceKind.COMMIT, "HEAD~2"),
    "a@commit:9f3c2e1": Reference("a", ReferenceKind.COMMIT, "9f3c2e1"),
    "a@branch:feature/x": Reference("a", ReferenceKind.BRANCH, "feature/x"),
    "team/a@worktree": Reference("team/a", ReferenceKind.WORKTREE),
}


@pytest.mark.parametrize(("text", "reference"), REFERENCES.items())
def test_references(text: str, reference: Reference) -> None:
    """Each way to name a version has one meaning, together or apart, and is written back."""
    assert parse_reference(text) == reference
    name, _, selector = text.partition("@")
    if selector:
        assert parse_reference(name, selector) == reference
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    "text", ["", "@1.0.0", "A@1.0.0", "a@", "a@1.2.0.4", "a@branch:", "a@Production", "a@!", "a b"]
)
def test_no_references(text: str) -> None:
    """What is no reference is refused with the kinds there are."""
    with pytest.raises(ConfigError) as caught:
        parse_reference(text)
    assert caught.value.fix


def test_two_selectors() -> None:
    """A version given twice is refused."""
    with pytest.raises(ConfigError, match="both choose"):
        parse_reference("a@1.0.0", "2.0.0")


@pytest.mark.parametrize(
    "label", ["latest", "head", "worktree", "x", "1a", "A", "a_b", "a.b", "a/b", "v1", "v20", "vx"]
)
def test_label_names(label: str) -> None:
    """A label is no range, no reserved word and no path."""
    with pytest.raises(PromptError):
        label_path("prompts", label)


@example({"0": "1.0.0", "true": "1.0.0", "null": "1.0.0", "2026-11-22": "1.0.0", "1e5": "1.0.0"})
@given(st.dictionaries(_NAMES, st.sampled_from(["1.0.0", "2.1.0", "1.0.0-rc.1"]), max_size=8))
def test_label_files_are_read_back(entries: dict[str, str]) -> None:
    """What is written as a label's file reads as the same entries and has no fault."""
    versions = {name: Version.parse(text) for name, text in entries.items()}
    data = write_label(versions)
    assert parse_label(data, "p") == versions
    assert lint_label(data, "p") == []


@given(st.from_regex(r"[vx]?[a-z0-9x-]{1,4}", fullmatch=True))
def test_no_label_is_a_range(text: str) -> None:
    """What stands behind the @ means one thing: a label, a range or a version."""
    assert not (LABEL.fullmatch(text) and is_range(text))


def test_label_paths() -> None:
    """A label's file lies directly in the labels folder."""
    assert label_path("prompts", "production") == "prompts/labels/production.yaml"
    assert label_of_path("prompts", "prompts/labels/production.yaml") == "production"
    assert label_of_path("prompts", "prompts/a.yaml") is None
    assert LABEL.fullmatch("eu-west-1")


@pytest.mark.parametrize("root", ["prompts", "a", "x/prompt"])
@pytest.mark.parametrize("name", ["a", "l", "yaml", "prompt", "prompts/prompts", "x/a"])
def test_the_folder_is_known_from_a_path(root: str, name: str) -> None:
    """A name that occurs elsewhere in the path hides neither its folder nor its fragments."""
    for path in Layout(root).candidates(name):
        assert prompts_folder(path, name) == f"{root}/"


REFUSED = ("con", "NUL.yaml", "aux.prompt.yml", "com1.x.md", "lpt9", "com\u00b2.md", "prn .md")
REFUSED += ("a.", "a ", "a:b", "a?", "conin$", "a\tb")
ALLOWED = ("console", "nul-1.yaml", "com0.md", "com10.yaml", "a.con", "lpt", "auxiliary.yml", "a b")
ALLOWED += (".hidden", "com.yaml")


@pytest.mark.parametrize("name", REFUSED + ALLOWED)
def test_names_of_windows(name: str) -> None:
    """Devices are refused with any ending in any folder; what only looks like one is not."""
    wanted = name if name in REFUSED else None
    assert windows_refuses(name) == wanted
    assert windows_refuses(f"team/{name}/b.yaml") == wanted
