"""The version that `list` shows for a file, beside what the parser reads."""

from __future__ import annotations

import pytest

from promptreg import Registry
from promptreg.errors import PromptError
from promptreg.prompt.yamldoc import load
from promptreg.queries.listing import claimed_version, list_all
from tests.core.acts import commit_prompt, release
from tests.kit import Repo

MESSAGES = "messages:\n  - role: user\n    content: hello\n"

TEXTS = [
    f"version: 1.2.0\n{MESSAGES}",
    f"version: 1.2.0\r\n{MESSAGES}",
    f"version: 1.2.0  \t\n{MESSAGES}",
    f"{MESSAGES}version: 1.2.0",
    f"{MESSAGES}version: 2.0.0-rc.1\n",
    f'version: "1.2.0"\n{MESSAGES}',
    f"version: '1.2.0'\n{MESSAGES}",
    f'"version": 1.2.0\n{MESSAGES}',
    f"version : 1.2.0\n{MESSAGES}",
    f"version:   1.2.0\n{MESSAGES}",
    f"version: 1.2.0 # as released\n{MESSAGES}",
    f"version: 1.2\n{MESSAGES}",
    f"version:\n  1.2.0\n{MESSAGES}",
    f"version: &v 1.2.0\n{MESSAGES}",
    f"version: null\n{MESSAGES}",
    f"version:\n{MESSAGES}",
    f"\ufeffversion: 1.2.0\n{MESSAGES}",
    f"versions: [1]\nversion: 1.2.0\n{MESSAGES}",
    f"metadata:\n  version: 3.0.0\n{MESSAGES}",
    "messages:\n  - role: user\n    content: |\n      version: 9.9.9\n",
    'messages:\n  - role: user\n    content: "\n\nversion: 9.9.9\n"\n',
    'description: "\nversion: 9.9.9\n"\nversion: 1.2.0\n',
    "{version: 1.2.0, messages: []}",
    "{\nversion: 1.2.0\n}",
    MESSAGES,
    f"version: 1.2.0\nversion: 1.3.0\n{MESSAGES}",
    "version: 1.2.0\n\tbroken: [",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_the_quick_look_reads_what_the_parser_reads(text: str, eol: str) -> None:
    """However the version is written, the list shows what the parser reads; or what would be it.

    The quick look does not find that the rest of a file is broken, which is for `check` to say.
    """
    data = text.replace("\r\n", "\n").replace("\n", eol).encode()
    try:
        expected = load(data, "p.prompt.yml").scalar("version")
    except PromptError:
        expected = "1.2.0" if "\tbroken" in text else None
    assert claimed_version(data, "p.prompt.yml") == expected


def test_a_tag_made_by_hand_is_not_listed_as_released(repo: Repo) -> None:
    """A foreign tag above the latest release shows in `list` as little as `show` serves it."""
    commit_prompt(repo)
    release(repo)
    repo.git("tag", "a@9.0.0")
    with Registry(repo.path) as registry:
        (listed,) = list_all(registry)
        assert (listed.released, str(registry.latest("a"))) == ("1.0.0", "1.0.0")
