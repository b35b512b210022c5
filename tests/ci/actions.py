"""A small runner: it runs the steps of an action as GitHub's does, and obeys what they print."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.kit import Repo

__all__ = ["ROOT", "Command", "Run", "Runner", "load_yaml", "obeyed", "parse_outputs"]

ROOT = Path(__file__).resolve().parents[2]
_COMMANDS = frozenset(
    [
        "add-mask",
        "add-matcher",
        "add-path",
        "debug",
        "echo",
        "endgroup",
        "error",
        "group",
        "notice",
        "remove-matcher",
        "save-state",
        "set-env",
        "set-output",
        "stop-commands",
        "warning",
    ]
)
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def load_yaml(path: Path) -> Any:
    """Parse a YAML 1.2 file."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Command:
    """A workflow command that the runner would obey."""

    name: str
    properties: Mapping[str, str]
    message: str


def obeyed(log: str) -> list[Command]:
    """Return the commands in a step's output: `::name k=v::` in front, `##[name]` anywhere."""
    found: list[Command] = []
    resume = None
    for line in re.split("\r\n|\r|\n", log):
        if resume is not None:
            if line.lstrip() == f"::{resume}::":
                resume = None
            continue
        match = re.match(r"\s*::([\w-]+)(?: ([^:]*(?:%3A[^:]*)*))?::(.*)", line) or re.search(
            r"##\[([\w-]+)(?: ([^\]]*))?\](.*)", line
        )
        if match is None or match[1] not in _COMMANDS:
            continue
        if match[1] == "stop-commands":
            resume = match[3]
            continue
        pairs = (pair.partition("=") for pair in (match[2] or "").split(",") if pair)
        properties = {key.strip(): _unescape(value) for key, _, value in pairs}
        found.append(Command(match[1], properties, _unescape(match[3])))
    assert resume is None, "commands were stopped and never resumed"
    return found


def _unescape(text: str) -> str:
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


def parse_outputs(text: str) -> dict[str, str]:
    """Read an output file as the runner does: `name=value`, or a block with a delimiter."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        name, block, delimiter = line.partition("<<")
        if block and "=" not in name:
            value = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            else:
                raise AssertionError(f"{delimiter} never came")
            found[name] = "\n".join(value)
        elif line:
            name, equals, value_text = line.partition("=")
            assert equals, f"not an output: {line!r}"
            found[name] = value_text
    return found


@dataclass(slots=True)
class Run:
    """What one run of the action left."""

    code: int = 0
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def check(self) -> dict[str, str]:
        """The outputs of the check."""
        return self.outputs["check"]

    @property
    def log(self) -> str:
        """All that was printed."""
        return "\n".join(self.logs.values())

    @property
    def commands(self) -> list[Command]:
        """All that the runner obeyed."""
        return [command for log in self.logs.values() for command in obeyed(log)]


@dataclass(slots=True)
class Runner:
    """The variables, files and expressions of GitHub around one checkout."""

    repo: Repo
    temporary: Path
    event: dict[str, Any]
    event_name: str = "pull_request"
    api: str = "http://127.0.0.1:9"
    repository: str = "acme/prompts"

    def run(self, **inputs: str) -> Run:
        """Run the steps of the action with some inputs; names have _ for -."""
        action = load_yaml(ROOT / ".github/actions/promptreg/action.yml")
        given = {name: str(spec.get("default", "")) for name, spec in action["inputs"].items()}
        given |= {"version": "installed", "token": "secret-token", "status-context": "promptreg"}
        for name, value in inputs.items():
            key = name.replace("_", "-")
            assert key in given, f"the action has no input {key}"
            given[key] = value
        done = Run()
        for step in action["runs"]["steps"]:
            if "if" in step and not self._holds(step["if"], given, done):
                continue
            if "uses" in step:
                if "id" in step:
                    url = "https://github.com/acme/prompts/actions/runs/5/artifacts/9"
                    done.outputs[step["id"]] = {"artifact-url": url}
                continue
            assert step["shell"] == "bash"
            done.code = self._step(step, given, done)
            if done.code:
                break
        summary = self.temporary / "summary"
        done.summary = summary.read_text() if summary.exists() else ""
        return done

    def _step(self, step: Mapping[str, Any], inputs: Mapping[str, str], done: Run) -> int:
        self.temporary.mkdir(exist_ok=True)
        event, output = self.temporary / "event.json", self.temporary / f"{step['id']}.out"
        event.write_text(json.dumps(self.event))
        output.write_text("")
        script = self.temporary / "script.sh"
        assert "${{" not in step["run"], "an expression inside of run is code"
        script.write_text(step["run"])
        pull = self.event.get("pull_request", {})
        own = {key: self._fill(str(value), inputs, done) for key, value in step["env"].items()}
        environment = {
            **self.repo.env(),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api,
            "GITHUB_BASE_REF": pull.get("base", {}).get("ref", ""),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ID": "5",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary"),
            "RUNNER_TEMP": str(self.temporary),
            "no_proxy": "127.0.0.1",
            **own,
        }
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.repo.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        done.logs[step["id"]] = ran.stdout
        done.outputs[step["id"]] = parse_outputs(output.read_text())
        return ran.returncode

    def _fill(self, text: str, inputs: Mapping[str, str], done: Run) -> str:
        return _EXPRESSION.sub(lambda match: self._value(match[1], inputs, done), text)

    def _value(self, name: str, inputs: Mapping[str, str], done: Run) -> str:
        if name.startswith("'"):
            return name.strip("'")
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            return inputs[rest]
        if kind == "steps":
            step, _, output = rest.partition(".outputs.")
            return done.outputs.get(step, {}).get(output, "")
        if name == "github.event.pull_request.number":
            return str(self.event.get("pull_request", {}).get("number", ""))
        if name == "github.action_path":
            return str(ROOT / ".github/actions/promptreg")
        raise AssertionError(f"unknown expression {name}")

    def _holds(self, condition: str, inputs: Mapping[str, str], done: Run) -> bool:
        def one(text: str) -> bool:
            left, operator, right = re.split(r"\s*(==|!=)\s*", text.strip())
            same = self._value(left, inputs, done) == self._value(right, inputs, done)
            return same == (operator == "==")

        return all(one(part) for part in condition.split("&&"))
