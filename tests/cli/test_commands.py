"""Commands as a user meets them: answers, exit codes, errors, colours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CommandRepo
from tests.core.acts import commit_prompt, edit
from tests.kit import PROMPT, Repo, prompt_text

A = "prompts/a.yaml"


def test_walk_through(repo: Repo) -> None:
    """init, bump, commit, release, label, show: each answers as told and nothing else is needed."""
    assert "kept" not in repo.ok("init")
    again = repo.ok("init")
    assert "created" not in again
    assert "extended" not in again
    assert "greeting" in repo.ok("list")
    assert "greeting.prompt.yml: new -> 1.0.0" in repo.ok("bump", "--all", code=1)
    repo.commit("begin")
    assert "tagged greeting@1.0.0" in repo.ok("release")
    assert "Nothing to release." in repo.run("release").err
    repo.ok("label", "set", "production", "greeting", "1.0.0")
    repo.commit("promote")
    assert "greeting 1.0.0" in repo.ok("show", "greeting@production")
    rendered = repo.ok("render", "greeting", "--var", "person=Ada")
    assert "Greet Ada in a friendly tone." in rendered
    assert repo.run("check").code == 0
    assert "1 tags verified, 0 wrong." in repo.run("verify").err


def test_init_keeps_what_is_there(repo: Repo) -> None:
    """Init overwrites nothing: files that exist are kept or extended by splicing."""
    config = (
        "# mine\nrepos:\n- repo: https://example.com/x\n  rev: v1  # pinned\n  hooks: [{id: x}]\n"
    )
    repo.write(".pre-commit-config.yaml", config)
    repo.write(".gitignore", "*.pyc")
    repo.write("promptreg.toml", "# mine\n")
    repo.write("prompts/own.yaml", PROMPT)
    before = {p: repo.read(p) for p in ("promptreg.toml", "prompts/own.yaml")}
    repo.ok("init", "--dry-run")
    assert repo.read(".gitignore") == "*.pyc"
    repo.ok("init")
    assert {p: repo.read(p) for p in before} == before
    assert repo.read(".gitignore") == "*.pyc\n.promptreg/\n"
    extended = repo.read(".pre-commit-config.yaml")
    assert extended.startswith("# mine\n")
    assert "  rev: v1  # pinned\n" in extended
    assert "id: promptreg-bump" in extended
    assert not (repo.path / "prompts/greeting.prompt.yml").exists()
    again = repo.ok("init")
    assert "created" not in again
    assert "extended" not in again


def test_list(history: Repo) -> None:
    """List shows file, release, number of versions and labels of each prompt."""
    edit(history, A, "version: 1.1.0", "version: 2.0.0")
    lines = [line.split() for line in history.ok("list").splitlines()]
    assert lines == [
        ["PROMPT", "FILE", "RELEASED", "VERSIONS", "LABELS"],
        ["a", "2.0.0", "1.1.0", "2", "production=1.0.0"],
        ["team/b", "1.0.0", "1.0.0", "1"],
    ]
    assert [row["prompt"] for row in json.loads(history.ok("list", "team", "--format=json"))] == [
        "team/b"
    ]
    assert history.run("list", "zzz").err == "No prompt matches 'zzz'.\n"


STATED = {
    "plain": ("version: 1.0.0\n", "1.0.0"),
    "quoted": ("version: '1.0.0'\n", "1.0.0"),
    "comment": ("version: 1.0.0 # why\n", "1.0.0"),
    "in-text": ("description: |\n  version: 9.9.9\n", None),
    "twice-in-text": ("version: 1.0.0\ndescription: |\n  version: 9.9.9\n", "1.0.0"),
    "quoted-key": ('"version": 1.0.0\n', "1.0.0"),
    "float": ("version: 1.10\n", "1.10"),
    "broken": ("version: 1.0.0\nx: [\n", "1.0.0"),
    "none": ("name: x\n", None),
    "bom": ("\ufeffversion: 1.0.0\n", "1.0.0"),
    "crlf": ("version: 1.0.0\r\n", "1.0.0"),
}


@pytest.mark.parametrize(("head", "version"), STATED.values(), ids=STATED)
def test_list_reads_every_style(repo: Repo, head: str, version: str | None) -> None:
    """The version in the file is found in whatever style it is written."""
    repo.write("prompts/x.yaml", head + "messages:\n- role: user\n  content: hi\n")
    (row,) = json.loads(repo.ok("list", "--format", "json"))
    assert row["file"] == version


def test_versions_and_show(history: Repo) -> None:
    """Versions lists newest first; show gives text, bytes or JSON of just that version."""
    rows = json.loads(history.ok("versions", "a", "--format", "json"))
    assert [(r["version"], r["level"], r["labels"]) for r in rows] == [
        ("1.1.0", "minor", []),
        ("1.0.0", "none", ["production"]),
    ]
    assert history.ok("versions", "a").splitlines()[1].split()[:2] == ["1.1.0", "minor"]
    assert "Two." in history.ok("show", "a")
    assert "One." in history.ok("show", "a", "1.0.0") == history.ok("show", "a@1.0.0")
    assert history.ok("show", "a@worktree", "--raw") == history.read(A)
    shown = json.loads(history.ok("show", "a@production", "--format", "json"))
    assert (shown["version"], shown["released"]) == ("1.0.0", True)
    assert shown["value"]["model"] == "openai/gpt-4o"


def test_untagged_content_has_a_pseudo_version(history: Repo) -> None:
    """What has no tag is named by its digest, never by the version it claims."""
    edit(history, A, "Two.", "Three.")
    shown = json.loads(history.ok("show", "a@worktree", "--format", "json"))
    assert re.fullmatch(r"1\.1\.1-0\.\d{14}-[0-9a-f]{12}", shown["version"])
    assert shown["version"].endswith(shown["digest"][:12])
    assert not shown["released"]


REFERENCES = {
    "a": "Two.",
    "a@1": "Two.",
    "a@^1.0": "Two.",
    "a@~1.0": "One.",
    "a@1.0.x": "One.",
    "a@>=1,<1.1": "One.",
    "a@production": "One.",
    "a@HEAD": "Two.",
    "a@HEAD~2": "Two.",
    "a@branch:old": "One.",
}


@pytest.mark.parametrize(("reference", "text"), REFERENCES.items())
def test_references(history: Repo, reference: str, text: str) -> None:
    """Each kind of reference names the version it says."""
    history.git("branch", "old", "a@1.0.0^{commit}")
    assert text in history.ok("show", reference)


NO_REFERENCES = {
    "a@2.0.0": "no released version 2.0.0",
    "a@^2": "no version of a is in ^2",
    "a@staging": "no label 'staging'",
    "a@branch:nowhere": "no branch 'nowhere'",
    "a@branch:a@1.0.0": "no branch 'a@1.0.0'",
    "a@branch:HEAD": "no branch 'HEAD'",
    "team/b@production": "names no version of team/b",
    "nobody": "no prompt 'nobody'",
    "A": "not a prompt name",
    "a@": "neither a version",
    "../a": "not a prompt name",
}


@pytest.mark.parametrize(("reference", "message"), NO_REFERENCES.items())
def test_no_silent_fallback(history: Repo, reference: str, message: str) -> None:
    """What a reference does not say is never served: one line, exit code 2."""
    result = history.run("show", reference)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert re.match(r"(\S+: )?error: ", result.err)
    assert len(result.err.splitlines()) <= 2


def test_diff(history: Repo) -> None:
    """Diff names the level, the rule and the words; --exit-code tells by its code."""
    out = history.ok("diff", "a@1.0.0", "1.1.0")
    assert out.startswith("a 1.0.0 -> 1.1.0  minor\n  minor message-changed: system message\n")
    assert "\n- One.\n+ Two.\n" in out
    assert history.ok("diff", "a", "1.0.0", "1.1.0") == out
    assert history.ok("diff", "a", "1.0.0") == history.ok("diff", "a@1.0.0")
    assert history.run("diff", "a@1.0.0", "1.1.0", "worktree").code == 2
    assert history.run("diff", "a").err.endswith("are the same.\n")
    edit(history, A, "Two.", "Three.")
    assert history.run("diff", "a", "--exit-code").code == 1
    found = json.loads(history.ok("diff", "a", "--format", "json"))
    assert (found["old"], found["new"], found["level"]) == ("1.1.0", "worktree", "minor")


def test_render(history: Repo) -> None:
    """Render fills variables from arguments, files and JSON, and refuses what does not fit."""
    history.write("text.txt", "from a file")
    history.write("vars.json", '{"article": "from json"}')
    assert "Summarize:\nhi" in history.ok("render", "a", "-v", "article=hi")
    assert "from a file" in history.ok("render", "a", "-v", "article=@text.txt")
    assert "from json" in history.ok("render", "a", "--vars", "vars.json")
    result = history.run("render", "a", "--vars", "-", stdin='{"article": "piped"}')
    assert "piped" in result.out
    messages = json.loads(history.ok("render", "a", "-v", "article=x", "--format=json"))
    assert [m["role"] for m in messages] == ["system", "user"]
    for words, text in (
        ((), "variable 'article' is missing"),
        (("-v", "artcle=x"), "did you mean 'article'"),
        (("-v", "article"), "has no value"),
        (("--vars", "text.txt"), "not JSON"),
        (("--vars", "none.json"), "cannot read"),
    ):
        result = history.run("render", "a", *words)
        assert result.code == 2
        assert text in result.err


def test_label(history: Repo) -> None:
    """set, unset, list and history tell what a label names and who moved it."""
    assert "prompts/labels/production.yaml: a 1.0.0 -> 1.1.0" in history.ok(
        "label", "set", "production", "a", "^1"
    )
    assert history.read("prompts/labels/production.yaml") == "a: 1.1.0\n"
    assert "1.0.0" in history.ok("label", "list"), "only what is committed counts"
    history.commit("move")
    moves = json.loads(history.ok("label", "history", "production", "--format", "json"))
    assert [(m["before"], m["after"]) for m in moves] == [("1.0.0", "1.1.0"), (None, "1.0.0")]
    history.ok("label", "unset", "production", "a")
    assert history.read("prompts/labels/production.yaml") == ""
    for words, text in (
        (("set", "production", "a", "9.9.9"), "no released version"),
        (("set", "production", "a", "worktree"), ""),
        (("set", "Bad", "a", "1.0.0"), "not a label name"),
        (("set", "latest", "a", "1.0.0"), "not a label name"),
        (("set", "aux", "a", "1.0.0"), "Windows can have no file or folder 'aux.yaml'"),
        (("unset", "production", "team/b"), "names no version"),
    ):
        result = history.run("label", *words)
        assert result.code in (0, 2)
        assert text in result.err


def test_label_of_untagged_content_is_refused(history: Repo) -> None:
    """A label may not name the work tree's content when it has no tag."""
    edit(history, A, "Two.", "Three.")
    result = history.run("label", "set", "production", "a", "worktree")
    assert result.code == 2
    assert "has no tag" in result.err


def test_label_keeps_its_leading_comments(history: Repo) -> None:
    """Comments above the entries stay when a label moves, and so do line ends."""
    path, text = "prompts/labels/staging.yaml", "# Owners: content team\n\na: 1.0.0\n"
    for end in ("\n", "\r\n"):
        file = history.write(path, text.replace("\n", end))
        history.ok("label", "set", "staging", "team/b", "1.0.0")
        after = f"{text}team/b: 1.0.0\n".replace("\n", end)
        assert file.read_bytes() == after.encode()


JSON_COMMANDS = [
    ["list"],
    ["versions", "a"],
    ["show", "a"],
    ["diff", "a@1.0.0", "1.1.0"],
    ["render", "a", "-v", "article=x"],
    ["label", "list"],
    ["label", "history", "production"],
    ["bump"],
    ["check", "--base", "HEAD"],
    ["release"],
    ["verify"],
    ["config"],
    ["explain"],
    ["explain", "level-too-low"],
    ["init"],
    ["schema"],
]


@pytest.mark.parametrize("words", JSON_COMMANDS, ids=" ".join)
def test_json_is_json(history: Repo, words: list[str]) -> None:
    """With --format json stdout is one JSON value and nothing else."""
    format_ = [] if words == ["schema"] else ["--format", "json"]
    result = history.run(*words, *format_)
    assert result.code == 0, result.err
    json.loads(result.out)


ERRORS = {
    "no-command": (["nonsense"], 2, "nonsense"),
    "no-option": (["list", "--nonsense"], 2, "nonsense"),
    "no-folder": (["-C", "nowhere", "list"], 2, "nowhere"),
    "no-file": (["bump", "prompts/none.yaml"], 2, "no file"),
    "slip-bump": (["bump", "team/c"], 2, "no file or prompt team/c\n  fix: did you mean team/b?"),
    "slip-check": (["check", "a.prompt.yml"], 2, "no file or prompt a.prompt.yml"),
    "outside": (["bump", "/etc/passwd"], 2, "outside the repository"),
    "folder": (["bump", "prompts"], 2, "prompts is a folder"),
    "bad-level": (["bump", "--level", "huge"], 2, "huge"),
    "bad-version": (["bump", "--version", "1.2"], 2, "1.2"),
    "no-base": (["check", "--base", "nowhere"], 3, "git branch --all lists the branches"),
    "near-base": (["check", "--base", "mian"], 3, "did you mean main?"),
    "bump-base": (["bump", "--base", "nowhere"], 2, "nowhere"),
    "near-prompt": (["show", "aa/b"], 2, "no prompt 'aa/b'"),
    "near-label": (["show", "a@prodction"], 2, "did you mean production?"),
    "near-history": (["label", "history", "prodction"], 2, "did you mean production?"),
    "label-branch": (["show", "a@main"], 2, "for the branch write branch:main"),
    "no-rule": (["explain", "no-such-rule"], 2, "no-such-rule"),
    "no-prompt": (["versions", "nobody"], 2, "nobody"),
}


@pytest.mark.parametrize(("words", "code", "text"), ERRORS.values(), ids=ERRORS)
def test_errors_are_told_in_a_line(history: Repo, words: list[str], code: int, text: str) -> None:
    """A wrong call ends with its code and a line on stderr; stdout stays empty."""
    result = history.run(*words)
    assert (result.code, result.out) == (code, "")
    assert text in result.err
    assert "Traceback" not in result.err


def test_bump_and_check_take_a_prompts_name_for_its_file(history: Repo) -> None:
    """A prompt's name means its file, also beside a folder of that name."""
    file = history.path / "prompts/team/b.yaml"
    file.write_text(file.read_text().replace("Bee.", "Wasp."))
    (history.path / "team/b").mkdir(parents=True)
    assert history.run("check", "team/b").code == 1
    assert "version: 1.0.0" in file.read_text()
    assert "1.0.0 -> 1." in history.run("bump", "team/b").out
    assert history.run("check", "team/b").code == 0


def test_files_deleted_since_head_are_no_slip_of_who_bumps(history: Repo) -> None:
    """What a hook lists of a commit may be gone, as long as it is no prompt."""
    (history.path / "prompts/labels/production.yaml").unlink()
    result = history.run("bump", "prompts/labels/production.yaml")
    assert (result.code, result.err) == (0, "Nothing to bump.\n")


def test_broken_files_are_told_with_their_place(history: Repo) -> None:
    """A broken prompt is reported as file:line:column, in bump as an error, in check as finding."""
    history.write("prompts/broken.yaml", "name: x\nversion: 1.10\ndigest: 0\nmessages: [\n")
    for words, code in ((["bump"], 2), (["check", "prompts/broken.yaml"], 1)):
        result = history.run(*words)
        assert result.code == code
        said = result.out + result.err
        assert re.search(r"^prompts/broken\.yaml:\d+:\d+: error", said, re.MULTILINE)
    result = history.run("list")
    assert (result.code, "broken" in result.out) == (0, True), "a broken file hides no other"


def test_debug_shows_a_traceback(history: Repo) -> None:
    """Only --debug shows a traceback."""
    assert "Traceback" not in history.run("show", "nobody").err
    assert "Traceback" in history.run("--debug", "show", "nobody").err


def test_bad_configuration(history: Repo) -> None:
    """A wrong configuration is an error that names the file and the key nearest to it."""
    for text, message in (
        ("rot = 'x'\n", "did you mean 'root'"),
        ("root = 1\n", "root: must be text"),
        ("root = '../x'\n", "leads out of the repository"),
        ("x = [\n", "not valid TOML"),
        ("tag-format = 'v{version}'\n", "must hold {name} once"),
        ("[levels]\nmessage-changed = 'huge'\n", "must be patch, minor or major"),
        ("[[accept]]\nprompt = 'a'\n", "an entry lacks"),
    ):
        history.write("promptreg.toml", text)
        result = history.run("list")
        assert result.code == 2
        assert result.err.startswith("promptreg.toml: error: ")
        assert message in result.err


def test_configuration_rises(history: Repo) -> None:
    """promptreg.toml, then pyproject.toml, then the environment: config shows who won."""
    history.write("promptreg.toml", "store = 'one'\nenvironment = 'one'\nroot = 'one'\n")
    history.write("pyproject.toml", "[tool.promptreg]\nenvironment = 'two'\nroot = 'two'\n")
    history.environment["PROMPTREG_ROOT"] = "three"
    rows = {line.split()[0]: line.split()[1:] for line in history.ok("config").splitlines()}
    assert rows["store"] == ["one", "promptreg.toml"]
    assert rows["environment"] == ["two", "pyproject.toml"]
    assert rows["root"] == ["three", "environment", "variable"]
    assert rows["engine"] == ["duckdb", "default"]


def test_another_root_and_tag_format(repo: Repo) -> None:
    """Prompts may lie elsewhere, and tags be written otherwise; older formats stay readable."""
    repo.write("promptreg.toml", 'root = "ai/texts"\ntag-format = "prompt/{name}/v{version}"\n')
    repo.write("ai/texts/x.yaml", prompt_text("One."))
    repo.bump_and_commit()
    repo.ok("release")
    assert repo.tags() == ["prompt/x/v1.0.0"]
    repo.write("promptreg.toml", 'root = "ai/texts"\ntag-formats = ["prompt/{name}/v{version}"]\n')
    edit(repo, "ai/texts/x.yaml", "One.", "Two.")
    repo.bump_and_commit()
    repo.ok("release")
    assert repo.tags() == ["prompt/x/v1.0.0", "x@1.1.0"]
    assert "One." in repo.ok("show", "x@1.0.0")
    assert repo.run("verify").code == 0


def test_colours(history: Repo) -> None:
    """No colour into a pipe or under NO_COLOR, colour when it is forced."""
    words = ("diff", "a@1.0.0", "1.1.0")
    assert "\x1b[" not in history.ok(*words)
    history.environment["FORCE_COLOR"] = "1"
    assert "\x1b[" not in history.ok(*words), "NO_COLOR wins"
    history.environment["NO_COLOR"] = ""
    assert "\x1b[" in history.ok(*words)


def test_quiet(history: Repo) -> None:
    """-q leaves only the answer, warnings and errors."""
    assert history.run("-q", "release").err == ""
    assert history.run("-q", "show", "nobody").err != ""


def test_git_subcommand(history: Repo) -> None:
    """`git promptreg` works from a folder of the repository, as git's own commands do."""
    result = history.process("git", "promptreg", "list")
    assert (result.code, result.out) == (0, history.ok("list"))
    inside = history.process("git", "-C", "prompts", "promptreg", "versions", "a")
    assert inside.code == 0
    assert "git promptreg" in history.process("git", "promptreg", "-h").out


def test_directory_option_and_folders(history: Repo) -> None:
    """-C and the current folder decide where files given on the command line lie."""
    edit(history, A, "Two.", "Three.")
    inside = CommandRepo(history.path / "prompts", history.clock)
    assert f"{A}: 1.1.0 -> 1.2.0" in inside.ok("bump", "a.yaml", "--dry-run", code=1)
    assert f"{A}: 1.1.0 -> 1.2.0" in inside.ok("bump", "../prompts/a.yaml", "-n", code=1)
    outside = CommandRepo(history.path.parent)
    assert f"{A}: 1.1.0 -> 1.2.0" in outside.ok("-C", "repo", "bump", A, "-n", code=1)
    history.write("vars.json", '\ufeff{"article": "News"}')
    for words in (("--vars", "vars.json"), ("--var", "article=@vars.json")):
        assert "News" in outside.ok("-C", "repo", "render", "a", *words)
    checked = outside.run("-C", "repo", "check", A, "--also", "text=check.txt")
    assert history.read("check.txt") == checked.out
    refused = outside.run("-C", "repo", "check", A, "--also", "text=prompts")
    assert refused.err.endswith("  fix: --also text=prompts/check.text\n")
    assert "create prompts/c" in outside.ok("-C", "repo", "new", "c", "--from", A, "-n")
    outside.write("repo/row.jsonl", '{"prompt": "a", "version": "1.1.0", "ts": "2026-01-01"}\n')
    outside.ok("-C", "repo", "metrics", "log", "--from-jsonl", "row.jsonl")
    wrote = outside.run("-C", "repo", "metrics", "export", "-o", "rows.csv").err
    assert wrote.endswith("rows to repo/rows.csv.\n")
    outside.ok("-C", "repo", "metrics", "import", "rows.csv")
    outside.ok("-C", "repo", "monitor", "--state", "told.json")
    told = outside.run("-C", "repo", "report", "--format", "json", "-o", "report.json").err
    assert told.startswith("Wrote repo/report.json (")
    outside.ok("-C", "repo", "report", "--split", "-o", "split")
    names = ("report.json", "split/index.html", "rows.csv", "told.json")
    assert all((history.path / name).is_file() for name in names)
    assert [path.name for path in outside.path.iterdir()] == ["repo"]


def test_another_required_version(history: Repo) -> None:
    """Commands refuse to work with another promptreg; those that explain go on."""
    history.write("promptreg.toml", 'required-version = ">=99"\n')
    for words in (["list"], ["bump"], ["init"], ["hooks", "run", "pre-commit"]):
        result = history.run(*words)
        assert result.code == 2
        assert result.err.startswith("promptreg.toml: error: this is promptreg ")
        assert result.err.endswith("  fix: pip install 'git-promptreg>=99'\n")
    for words in (["--version"], ["list", "-h"], ["config"], ["explain"], ["schema"]):
        assert history.run(*words).code == 0
    assert "required-version wants >=99" in history.run("doctor").out


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """Without a repository each command says so in one line with the mend; help still works."""
    nowhere = CommandRepo(tmp_path)
    for words in (["list"], ["bump"], ["check"], ["release"], ["verify"], ["init"], ["config"]):
        result = nowhere.run(*words)
        assert result.code == 2
        assert "no git repository" in result.err
        assert result.err.endswith("  fix: git init\n")
    assert nowhere.run("explain").code == nowhere.run("schema").code == 0


def test_empty_repository(repo: Repo) -> None:
    """In a repository without any commit the commands that read answer, and nothing breaks."""
    assert (repo.run("list").code, repo.run("list").err) == (0, "No prompts.\n")
    assert repo.run("label", "list").code == 0
    assert repo.run("bump").code == 0
    assert repo.run("verify").code == 0
    assert repo.run("check").code == 3
    assert repo.run("release").code == 2
    assert repo.run("show", "a").code == 2


def test_bare_repository(history: Repo, tmp_path: Path) -> None:
    """In a bare repository released versions can be read, and what needs files says so."""
    bare = CommandRepo(history.clone(tmp_path / "bare.git", "--bare").path)
    assert "Two." in bare.ok("show", "a")
    assert "1.0.0" in bare.ok("versions", "a")
    assert "1.0.0" in bare.ok("label", "list")
    assert "1.1.0" in bare.ok("list")
    for words in (["bump"], ["show", "a@worktree"]):
        result = bare.run(*words)
        assert result.code == 2
        assert "bare" in result.err


def test_other_peoples_repository_is_refused_in_words(history: Repo, tmp_path: Path) -> None:
    """What git calls unsafe every command refuses in one line, until safe.directory trusts it."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a repository to somebody else")
    for path in (history.path, *history.path.rglob("*")):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    for words in (["list"], ["show", "a"], ["config"], ["bump"], ["release"], ["init"]):
        result = history.run(*words)
        assert result.code == 2
        assert result.err == (
            f"error: the repository at {history.path} belongs to somebody else,"
            " so git does not trust it\n"
            f"  fix: git config --global --add safe.directory '{history.path}'\n"
        )
    assert "repository: the repository at" in history.ok("doctor", code=1)
    history.environment = {"PATH": "/nowhere"}
    assert "safe.directory" in history.process(sys.executable, "-m", "promptreg", "list").err
    history.environment = {"HOME": str(tmp_path)}
    history.git("config", "--global", "--add", "safe.directory", str(history.path))
    for words in (["show", "a"], ["release", "-n"]):
        done = history.process(sys.executable, "-m", "promptreg", *words)
        assert done.code == 0, done.err


def test_closed_pipe(history: Repo) -> None:
    """Who leaves early hears nothing more; the code is that of git there, not one of a finding."""
    for words in (["versions", "a"], ["explain", "--format", "json"], ["list", "-h"]):
        reader, writer = os.pipe()
        os.close(reader)
        command = [sys.executable, "-m", "promptreg", *words]
        done = subprocess.run(
            command,
            cwd=history.path,
            env=history.env(),
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b"")


def test_full_disk(history: Repo) -> None:
    """An answer that finds no room is an error, though it was short enough to wait for the end."""
    command = f"{sys.executable} -m promptreg versions a > /dev/full"
    done = history.process("sh", "-c", command)
    assert (done.code, done.err) == (2, "error: No space left on device\n")


def test_closed_streams(history: Repo) -> None:
    """Who closes stdout, as some services do, gets the exit code and no file in its place."""
    command = f"{sys.executable} -m promptreg status --format json"
    done = history.process("sh", "-c", f"{command} <&- >&-")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_reads_without_git(history: Repo, tmp_path: Path) -> None:
    """list, versions, show and render work with no git program on PATH."""
    (tmp_path / "bin").mkdir()
    env = {**history.env(), "PATH": str(tmp_path / "bin")}
    for words in (["list"], ["versions", "a"], ["show", "a"], ["render", "a", "-v", "article=x"]):
        done = subprocess.run(
            [sys.executable, "-m", "promptreg", *words],
            cwd=history.path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_linked_worktree(history: Repo, tmp_path: Path) -> None:
    """In a linked worktree bump, check and show work as in the main one."""
    history.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = CommandRepo(tmp_path / "side", history.clock)
    edit(side, A, "Two.", "Three.")
    assert "1.1.0 -> 1.2.0" in side.ok("bump", A, code=1)
    side.commit()
    assert side.run("check", "--base", "main").code == 0
    assert "Two." in side.ok("show", "a@branch:main")
    assert "Two." in history.ok("show", "a@worktree")


def test_file_names_in_another_encoding(repo: Repo) -> None:
    """A prompt file whose name is not UTF-8 is an ill-named file, told in characters that print."""
    commit_prompt(repo)
    repo.git("switch", "-q", "-c", "feature")
    folder = os.fsencode(repo.path / "prompts")
    with open(os.path.join(folder, b"caf\xe9.yaml"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(PROMPT.encode())
    repo.commit()
    for words, code in ((["check", "--base", "main"], 1), (["bump"], 2), (["list"], 0)):
        result = repo.process("promptreg", *words)
        assert (result.code, "Traceback" in result.err) == (code, False), result.err
        if code:
            assert "caf\\udce9" in result.out + result.err


def test_streams_that_take_no_unicode(history: Repo) -> None:
    """On a terminal of another encoding what cannot be shown is escaped, and nothing breaks."""
    edit(history, A, "Two-sentence", "Żółć 漢字")
    history.environment["PYTHONIOENCODING"] = "ascii"
    result = history.process("promptreg", "show", "a@worktree")
    assert (result.code, result.err) == (0, "")
    assert "\\u6f22" in result.out
