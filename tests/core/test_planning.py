"""What bump decides and what check asks for are one thing, on whatever history."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptreg.errors import PromptError
from promptreg.history.claims import Claim, Claims
from promptreg.naming import Layout
from promptreg.operations.bump import BumpOptions, BumpPlan, plan_bump
from promptreg.operations.policy import judge_content
from promptreg.prompt.content import Content, content_of
from promptreg.versioning import Level, Version

VARIABLES = {"": "", "  y: {default: q}\n": "{{y}}", "  z: string\n": "{{z}}"}
TEXTS = [
    f"description: {description}\nvariables:\n  x: string\n{variable}messages:\n- role: user\n"
    f'  content: "{word} {{{{x}}}}{used}"\n'
    for description in "de"
    for word in ("one", "two")
    for variable, used in VARIABLES.items()
]
OPTIONS = [
    BumpOptions(),
    BumpOptions(hotfix=True),
    BumpOptions(pre="rc"),
    BumpOptions(level=Level.MAJOR),
    BumpOptions(level=Level.MINOR, pre="rc"),
    *(BumpOptions(version=Version.parse(text)) for text in ("1.0.1", "1.2.0", "2.0.0", "3.0.0")),
]


class _Nowhere:
    """A source without files: these prompts include none."""

    def read(self, path: str) -> bytes | None:
        del path
        return None

    def paths(self, folder: str) -> list[str]:
        del folder
        return []


def _content(text: str, version: Version | None, digest: str = "") -> Content:
    lines = f"version: {version}\ndigest: {digest}\n" if version else ""
    return content_of(f"{lines}{text}".encode(), "prompts/a.yaml", _Nowhere(), Layout())


@dataclass
class _History:
    """Versions that were released, each from one before it, on any branch."""

    held: dict[Version, Content] = field(default_factory=dict)
    deleted: frozenset[Version] = frozenset()

    @property
    def claims(self) -> Claims:
        claims = {v: Claim(v, f"tag a@{v}", lambda c=c: c) for v, c in self.held.items()}
        return Claims(claims, self.deleted)

    def step(self, parent: int, text: str, options: BumpOptions) -> None:
        """Edit a branch at some version, bump it, look at what came of it and release it."""
        versions: list[Version | None] = [None, *self.held]
        own = versions[parent % len(versions)]
        try:
            plan = plan_bump(_content(text, own), self.claims, options)
        except PromptError:
            assert options != BumpOptions(), "bump without options always knows what to do"
            return
        done = _content(text, plan.version, plan.digest)
        self._agree(done, plan, options, self.held.get(own) if own else None)
        self.held.setdefault(plan.version, done)

    def _agree(
        self, done: Content, plan: BumpPlan, options: BumpOptions, base: Content | None
    ) -> None:
        for again in (BumpOptions(), options):
            same = plan_bump(done, self.claims, again)
            assert (same.version, same.digest) == (plan.version, plan.digest)
        assert plan.version not in self.deleted
        assert plan.version not in self.held or self.held[plan.version].digest == done.digest
        found = judge_content(done, base, self.claims).findings
        assert [finding.message for finding in found if finding.severity == "error"] == []


_STEPS = st.tuples(
    st.integers(0, 5), st.integers(0, len(TEXTS) - 1), st.integers(0, len(OPTIONS) - 1)
)


@settings(max_examples=60)
@example([(0, 0, 0), (1, 1, 0), (2, 3, 3), (1, 3, 0)], [])
@example([(0, 0, 2), (1, 1, 1)], [])
@example([(0, 0, 0), (1, 3, 1)], [])
@given(st.lists(_STEPS, min_size=1, max_size=7), st.sampled_from([[], ["1.0.0", "1.1.0"]]))
def test_bump_and_check_agree(steps: list[tuple[int, int, int]], deleted: list[str]) -> None:
    """What bump writes stays when it runs again, is nobody's number, and passes the check."""
    history = _History(deleted=frozenset(map(Version.parse, deleted)))
    for parent, text, options in steps:
        history.step(parent, TEXTS[text], OPTIONS[options])
