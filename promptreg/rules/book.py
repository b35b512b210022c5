"""The book of rules: every one with its explanation and an example; pure.

The table in ``docs/rules.md`` is made from this module, and `promptreg explain` prints its entries.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from promptreg.errors import NotFoundError
from promptreg.rules.change_texts import CHANGE_TEXTS
from promptreg.rules.finding_texts import FINDING_TEXTS
from promptreg.values import dataclass
from promptreg.versioning import Level

if TYPE_CHECKING:
    from promptreg.findings import Severity

__all__ = [
    "CHANGE_RULES",
    "FINDING_RULES",
    "RULES",
    "Rule",
    "explain",
    "rule",
    "rules_document",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: The stable id used in output, configuration and documentation.
        title: What it says, in one line without a full stop.
        explanation: Why, in a few sentences.
        example: A few lines that show it.
        level: What the change asks for at least; None for a finding.
        severity: How grave the finding is; None for a change.
    """

    id: str
    title: str
    explanation: str
    example: str
    level: Level | None = None
    severity: Severity | None = None

    @property
    def weight(self) -> str:
        """The level of a change or the severity of a finding, as people write it."""
        return self.level.label if self.level is not None else str(self.severity)


def _changes() -> Iterable[Rule]:
    for level, rules in CHANGE_TEXTS.items():
        for id_, (title, explanation, example) in rules.items():
            yield Rule(id_, title, explanation, example, level=Level.from_name(level))


def _findings() -> Iterable[Rule]:
    for severity, rules in FINDING_TEXTS.items():
        for id_, (title, explanation, example) in rules.items():
            yield Rule(id_, title, explanation, example, severity=severity)


CHANGE_RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _changes()})
FINDING_RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _findings()})
RULES: Mapping[str, Rule] = MappingProxyType({**CHANGE_RULES, **FINDING_RULES})


def rule(id_: str) -> Rule:
    """Return a rule.

    Raises:
        NotFoundError: There is no such rule; the fix names the nearest.
    """
    if found := RULES.get(id_):
        return found
    near = difflib.get_close_matches(id_, RULES, n=3, cutoff=0.5)
    fix = f"did you mean {' or '.join(near)}?" if near else "docs/rules.md lists them all"
    raise NotFoundError(f"there is no rule {id_!r}", fix=fix)


def explain(id_: str) -> str:
    """Return a rule as text for the terminal.

    Raises:
        NotFoundError: There is no such rule.
    """
    found = rule(id_)
    example = "\n".join(f"    {line}".rstrip() for line in found.example.splitlines())
    if found.level is not None:
        hint = (
            f"A change of level {found.weight}. Another level for it in the configuration:\n"
            f'    [levels]\n    {found.id} = "{_other(found.level)}"'
        )
    else:
        article = "an" if found.weight[0] in "aeiou" else "a"
        hint = f"{article.capitalize()} {found.weight} of `promptreg check`."
    return f"{found.id}: {found.title}\n\n{found.explanation}\n\n{example}\n\n{hint}"


def rules_document() -> str:
    """Return the whole of ``docs/rules.md``."""
    changes = "\n".join(_table("level", CHANGE_RULES.values()))
    findings = "\n".join(_table("severity", FINDING_RULES.values()))
    parts = [_DOCUMENT.format(changes=changes, findings=findings)]
    for found in RULES.values():
        fence = "diff" if found.level is not None else ""
        parts += [f"## {found.id}\n\n{found.title} ({found.weight}).\n\n{found.explanation}\n"]
        parts += [f"```{fence}\n{found.example}\n```\n"]
    return "\n".join(parts)


_DOCUMENT = """\
# Rules

<!-- Made by `python -m promptreg.rules`; do not edit. -->

`promptreg explain RULE` prints each of these with its example.

## What a change asks for

`promptreg bump` compares a prompt with the last stable version it follows, and the highest level
among the changes decides. Comments, quoting, key order, line ends, `testData` and `evaluators` ask
for no new version; a difference that no rule names is `other-changed`. The table `[levels]` of the
configuration may give each of these rules another level, and a person may always choose a higher
one with `--level`.

{changes}

## What a check finds

Errors fail `promptreg check`; warnings do so under `--strict`.

{findings}
"""


def _table(weight: str, rules: Iterable[Rule]) -> list[str]:
    rows = [f"| [{r.id}](#{r.id}) | {r.weight} | {r.title} |" for r in rules]
    return [f"| rule | {weight} | what |", "|---|---|---|", *rows]


def _other(level: Level) -> str:
    return Level.MINOR.label if level is not Level.MINOR else Level.MAJOR.label
