"""The sticky comment and the API behind it, over a real local socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptreg.ci.api import Api, ApiError
from promptreg.ci.comment import post_comment
from promptreg.ci.runner import clip, write_outputs, write_summary
from promptreg.ci.settings import Event, Settings
from promptreg.errors import ConfigError
from tests.ci.actions import obeyed, parse_outputs
from tests.ci.github import GitHub

MARKER = "<!-- promptreg-check -->"
EVENT = Event(name="pull_request", repository="acme/prompts", number=7)


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the local server without a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def api_of(github: GitHub, pauses: list[float]) -> Api:
    """Return an API that notes its pauses instead of making them."""
    return Api(github.url, "acme/prompts", "secret-token", pauses.append)


def settings_of(folder: Path, text: str) -> Settings:
    """Return settings whose comment waits in a folder."""
    (folder / "comment.md").write_text(f"{MARKER}\n\n{text}\n")
    return Settings(folder, folder)


def test_doubles_of_two_runs_that_met_are_deleted(github: GitHub, tmp_path: Path) -> None:
    """The oldest of ours is replaced, the other goes, and people's stay."""
    first = github.add(f"{MARKER}\none")
    github.add("a person", "ada", "User")
    github.add(f"{MARKER}\ntwo")
    post_comment(settings_of(tmp_path, "new"), EVENT, api_of(github, []), worth=True)
    assert [(c["id"], c["body"]) for c in github.comments] == [
        (first, f"{MARKER}\n\nnew\n"),
        (first + 1, "a person"),
    ]


def test_a_persons_token_finds_its_own_comment(github: GitHub, tmp_path: Path) -> None:
    """With a personal token the author is that person; a bot's comment is somebody else's."""
    github.login = "ada"
    github.add(f"{MARKER}\nbot")
    for text in ("one", "two"):
        post_comment(settings_of(tmp_path, text), EVENT, api_of(github, []), worth=True)
    assert [c["body"] for c in github.comments] == [f"{MARKER}\nbot", f"{MARKER}\n\ntwo\n"]


def test_an_old_comment_is_replaced_when_nothing_is_left_to_say(
    github: GitHub, tmp_path: Path
) -> None:
    """A pull request that no longer changes prompts does not keep its last verdict."""
    github.add(f"{MARKER}\nregression")
    post_comment(settings_of(tmp_path, "fit to merge"), EVENT, api_of(github, []), worth=False)
    assert [c["body"] for c in github.comments] == [f"{MARKER}\n\nfit to merge\n"]


def test_a_server_that_stumbles_is_asked_again(github: GitHub, tmp_path: Path) -> None:
    """Passing faults cost pauses, not the comment."""
    github.broken = 2
    pauses: list[float] = []
    post_comment(settings_of(tmp_path, "new"), EVENT, api_of(github, pauses), worth=True)
    assert len(github.comments) == 1
    assert len(pauses) == 2


def test_a_post_without_answer_is_not_repeated(github: GitHub) -> None:
    """A comment that was perhaps written is not written twice."""
    github.broken = 1
    with pytest.raises(ApiError) as caught:
        api_of(github, []).add_comment(7, "text")
    assert caught.value.status == 502
    assert len(github.writes) == 1


def test_a_server_that_is_gone_is_a_warning(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No answer at all never fails the step, which has its verdict elsewhere."""
    github.broken = 99
    post_comment(settings_of(tmp_path, "new"), EVENT, api_of(github, []), worth=True)
    (command,) = obeyed(capsys.readouterr().out)
    assert command.name == "warning"
    assert "502" in command.message


def test_a_wrong_token_is_a_notice(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that is refused says so once."""
    api = Api(github.url, "acme/prompts", "other-token")
    post_comment(settings_of(tmp_path, "new"), EVENT, api, worth=True)
    assert [c.name for c in obeyed(capsys.readouterr().out)] == ["notice"]
    assert github.comments == []


def test_a_long_comment_ends_between_two_blocks(github: GitHub, tmp_path: Path) -> None:
    """GitHub refuses comments beyond 65,536 characters; the first blocks are kept whole."""
    text = "\n\n".join(f"- finding {number} " + "x" * 90 for number in range(2000))
    post_comment(settings_of(tmp_path, text), EVENT, api_of(github, []), worth=True)
    body = github.comments[0]["body"]
    assert len(body) < 65_536
    assert body.startswith(MARKER)
    assert body.split("\n\n")[-2].endswith("x" * 90)
    assert "did not fit" in body


@pytest.mark.parametrize("text", ["é" * 100, "a\n\n" * 60, ""])
def test_clipped_text_fits(text: str) -> None:
    """The limit counts bytes, and no character is cut."""
    found = clip(text, 90)
    assert len(found.encode()) <= max(90, min(len(text.encode()), 90))


def test_outputs_cannot_be_forged(tmp_path: Path) -> None:
    """A value with line ends and delimiters of its own arrives as it is, and is one value."""
    path = tmp_path / "output"
    value = "a\nEOF\nregressions=0\nerrors<<EOF\n0\nEOF\r\n::error::x%0A"
    for _ in range(2):
        write_outputs({"prompts": value, "errors": "2"}, {"GITHUB_OUTPUT": str(path)})
    text = path.read_bytes().decode()
    assert parse_outputs(text) == {"prompts": value, "errors": "2"}
    delimiters = [line.partition("<<")[2] for line in text.split("\n") if "<<promptreg" in line]
    assert len(set(delimiters)) == 4


def test_a_summary_stays_below_githubs_limit(tmp_path: Path) -> None:
    """More than a megabyte would be thrown away as a whole."""
    path = tmp_path / "summary"
    write_summary("block\n\n" * 400_000, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size < 1024 * 1024


def test_only_web_addresses_are_called() -> None:
    """A file is no API."""
    with pytest.raises(ConfigError):
        Api("file:///etc", "acme/prompts", "secret-token")


def test_a_deleted_fork_is_still_a_fork(tmp_path: Path) -> None:
    """A pull request whose repository is gone is nobody's own."""
    event = tmp_path / "event.json"
    event.write_text(
        '{"pull_request": {"number": 7, "head": {"ref": "x", "sha": "y", "repo": null}}}'
    )
    read = Event.read({"GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "acme/prompts"})
    assert read.is_fork


def test_a_new_branch_has_no_commit_before(tmp_path: Path) -> None:
    """The zeros that GitHub writes for a new branch are no commit to compare with."""
    event = tmp_path / "event.json"
    event.write_text('{"before": "0000000000000000000000000000000000000000"}')
    assert Event.read({"GITHUB_EVENT_PATH": str(event)}).base_commit is None
