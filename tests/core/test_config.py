"""The configuration: three sources in rising order, every fault by name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from promptreg.config import Accept, Config, load_config, parse_config
from promptreg.errors import ConfigError
from promptreg.versioning import Level

FULL = b"""
root = "./ai/./prompts//"
include = ["*.yaml"]
exclude = ["x/*"]
tag-format = "{name}/v{version}"
tag-formats = ["{name}@{version}"]
store = "s3://bucket/metrics"
ship = "5m"
engine = "duckdb"
environment = "staging"
required-version = ">=0.1"
[release]
branches = ["trunk"]
[levels]
message-changed = "patch"
[gate]
cost = "+20%"
[gate."team/a"]
cost = "+50%"
[[accept]]
prompt = "a"
digest = "abcdefabcdef"
metric = "cost"
limit = "+90%"
reason = "new model"
until = 2026-12-31
[prices]
currency = "EUR"
[alerts]
x = 1
[hosts]
"Git.acme.com" = "gitlab"
"""


def test_everything_is_read() -> None:
    """Each key arrives with its type."""
    config = parse_config(FULL)
    assert config.layout.root == "ai/prompts"
    assert config.layout.include == ("*.yaml",)
    assert [t.template for t in config.tags] == ["{name}/v{version}", "{name}@{version}"]
    assert (config.store, config.engine, config.environment) == (
        "s3://bucket/metrics",
        "duckdb",
        "staging",
    )
    assert config.ship == 300.0
    assert config.hosts == {"git.acme.com": "gitlab"}
    assert config.release_branches == ("trunk",)
    assert config.levels == {"message-changed": Level.PATCH}
    assert config.gate == {"": {"cost": "+20%"}, "team/a": {"cost": "+50%"}}
    assert config.accept == (
        Accept("a", "abcdefabcdef", "cost", "+90%", "new model", date(2026, 12, 31)),
    )
    assert config.prices == {"currency": "EUR"}


def test_defaults(tmp_path: Path) -> None:
    """Without any configuration the documented defaults hold."""
    config = load_config(tmp_path, {})
    assert config == Config()
    assert (config.root, config.store, config.environment) == (
        "prompts",
        ".promptreg/metrics",
        "production",
    )


def test_rising_order(tmp_path: Path) -> None:
    """pyproject.toml beats promptreg.toml, and the environment beats both."""
    (tmp_path / "promptreg.toml").write_text("root = 'a'\nstore = 'a'\nenvironment = 'a'\n")
    (tmp_path / "pyproject.toml").write_text("[tool.promptreg]\nroot = 'b'\nstore = 'b'\n")
    config = load_config(tmp_path, {"PROMPTREG_ROOT": "c", "PROMPTREG_TAG_FORMAT": ""})
    assert (config.root, config.store, config.environment) == ("c", "b", "a")
    assert config.sources == {
        "root": "environment variable",
        "store": "pyproject.toml",
        "environment": "promptreg.toml",
    }


def test_foreign_pyproject(tmp_path: Path) -> None:
    """A pyproject.toml that does not configure us changes nothing; one that does must be right."""
    for text in ("[project]\nname = 'x'\n", "[project]\ndependencies = ['git-promptreg']\n"):
        (tmp_path / "pyproject.toml").write_text(text)
        assert load_config(tmp_path, {}) == Config()
    (tmp_path / "pyproject.toml").write_text("[tool]\npromptreg = 3\n")
    with pytest.raises(ConfigError, match="promptreg must be a table, not 3"):
        load_config(tmp_path, {})


ACCEPTED = "[[accept]]\nprompt = 'x'\nmetric = 'cost'\nlimit = '+5%'\nreason = 'y'\n"
FAULTS = {
    "unknown": ("roots = 'x'", "did you mean 'root'"),
    "ship": ("ship = 30", "must be 'off' or a time such as '30s'"),
    "not-toml": ("root = ", "not valid TOML"),
    "latin-1": ("root = 'caf\xe9'", "not valid TOML"),
    "type": ("root = 1", "root: must be text"),
    "empty": ("root = ''", "root: must be text"),
    "escape": ("root = '../x'", "leads out"),
    "top": ("root = './'", "root: './' is no folder of the repository"),
    "git": ("root = '.git/x'", "is no folder of the repository"),
    "list": ("include = 'x'", "include: must be a list"),
    "list-item": ("include = [1]", "must be text"),
    "release-key": ("[release]\nbranch = ['x']", "release: branches are missing"),
    "release-more": ("[release]\nbranches = ['x']\ny = 1", "unknown key 'y'"),
    "rule": ("[levels]\nmesage-changed = 'patch'", "did you mean message-changed?"),
    "level-list": ("[levels]\nx = ['minor']", "must be patch, minor or major, not ['minor']"),
    "level": ("[levels]\nx = 'none'", "must be patch, minor or major"),
    "gate": ("gate = 1", "gate: must be a table"),
    "gate-value": ("[gate]\ncost = 0.2", "must be text"),
    "hosts-dots": ("[hosts]\ngit.acme.com = 'gitlab'", "a name with dots needs quotes"),
    "engine": ("engine = ['duckdb']", "must be 'duckdb' or 'spark', not ['duckdb']"),
    "hosts": ("[hosts]\n'x.y' = 'svn'", "x.y must be one of azure, bitbucket,"),
    **{
        f"host {host!r}": (f"[hosts]\n'{host}' = 'gitlab'", f"{host!r} is no host, such as")
        for host in (
            "",
            "https://x.y",
            "x.y/git",
            "git@x.y",
            "x.y:",
            "x.y:0",
            "*.x.y",
            "2001:db8::1",
        )
    },
    "accept": ("accept = 1", "must be a list of tables"),
    "accept-text": ("accept = ['x']", "must be a table, not 'x'"),
    "accept-moment": (f"{ACCEPTED}digest = 'a'\nuntil = 2026-12-31T00:00:00Z", "must be a day"),
    "accept-number": (f"{ACCEPTED}digest = 5\nuntil = 2026-12-31", "must be text, not 5"),
    "accept-lacks": ("[[accept]]\nprompt = 'x'", "an entry lacks"),
    "tag-format": ("tag-format = '{version}'", "must hold {name} once"),
    "newer": ("required-version = '>=99'\nrot = 1", "and required-version wants >=99"),
    "newer value": ("required-version = '^99'\nroot = 1", "and required-version wants ^99"),
    "old enough": ("required-version = '>=0.1'\nrot = 1", "did you mean 'root'"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS)
def test_faults_name_the_file_and_the_key(text: str, message: str) -> None:
    """A wrong configuration is an error with the file's name and what is wrong with which key."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode("latin-1"))
    assert str(caught.value.location) == "promptreg.toml"
    assert message in caught.value.message


VERSIONS = {
    ">=0.1": None,
    "0.x || ^1.2": None,
    ">=99.0, <100": "pip install 'git-promptreg>=99.0,<100'",
    "^99.1": "install a git-promptreg that is in ^99.1",
    ">99.1": "install a git-promptreg that is in >99.1",
    "new": "write it as >=1.2,<2 or ^1.2",
}


@pytest.mark.parametrize(("wanted", "fix"), VERSIONS.items(), ids=VERSIONS)
def test_a_required_version_is_compared(wanted: str, fix: str | None) -> None:
    """The version in use is in the range, or the error says where it stands and what to install."""
    config = parse_config(f"required-version = '{wanted}'".encode())
    if fix is None:
        config.require_version()
        return
    with pytest.raises(ConfigError) as caught:
        config.require_version()
    assert str(caught.value.location) == "promptreg.toml"
    assert caught.value.fix == fix


def test_accept_until_may_be_text() -> None:
    """The last day of an acceptance may be written as a TOML date or as text."""
    text = FULL.replace(b"until = 2026-12-31", b"until = '2026-12-31'")
    assert parse_config(text) == parse_config(FULL)
    with pytest.raises(ConfigError):
        parse_config(FULL.replace(b"2026-12-31", b"'tomorrow'"))


def test_a_byte_order_mark_is_no_part_of_the_configuration() -> None:
    """Editors on Windows write one, in prompts as here."""
    assert parse_config(b"\xef\xbb\xbf" + FULL) == parse_config(FULL)
