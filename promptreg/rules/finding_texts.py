"""The words of the findings: by severity, then by id: title, explanation, example."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from promptreg.rules.value_texts import VALUE_TEXTS

if TYPE_CHECKING:
    from promptreg.findings import Severity

__all__ = ["FINDING_TEXTS"]

_Texts = Mapping[str, tuple[str, str, str]]

_VERSIONS: _Texts = {
    "version-missing": (
        "A changed prompt has no version",
        "Tags are made from the version in the file. `promptreg bump` writes it.",
        "name: Summarizer\nmessages: ...          # no version: line",
    ),
    "version-type": (
        "The version is not written as a version",
        "YAML reads 1.10 as the number 1.1, so a version is text with three numbers.",
        "version: 1.10          # write 1.10.0",
    ),
    "invalid-version": (
        "A text is not a semantic version",
        (
            "Versions follow SemVer 2.0.0: three numbers without leading zeros, and perhaps a"
            " pre-release."
        ),
        "v1.2.0                 # write 1.2.0",
    ),
    "version-build": (
        "A version has build metadata",
        (
            "SemVer ignores what follows the plus sign when it compares, so two contents could"
            " claim one version."
        ),
        "version: 1.2.0+build5  # write 1.2.0",
    ),
    "version-channel": (
        "A pre-release is of a kind that promptreg does not make, or a second kind for one version",
        (
            "Pre-releases are rc.N, m.N and snapshot.N. SemVer sorts them by their letters, so one"
            " version has only one of these."
        ),
        "version: 2.0.0-beta.1  # write 2.0.0-rc.1",
    ),
    "invalid-range": (
        "A text is not a version range",
        "Ranges are written as for npm.",
        "promptreg show summarizer@^1.2        # or ~1.2.3, 1.x, '>=1.2,<2'",
    ),
    "invalid-level": (
        "A text is not a level",
        "The levels are none, patch, minor and major.",
        "promptreg bump --level mayor          # major",
    ),
    "version-decreased": (
        "The version is lower than the base's",
        (
            "Versions only grow, in reverts too: another change could take the number again while"
            " somebody still runs the first. Restored content gets the next free version."
        ),
        "-version: 1.3.0\n+version: 1.2.0\nfix: promptreg bump --base origin/main FILE",
    ),
    "version-taken": (
        "The version belongs to other content",
        "One version is one content, for ever. It happens when two branches take the same number.",
        "version: 1.3.0         # main has 1.3.0 with another digest\nfix: promptreg bump FILE",
    ),
    "version-skips": (
        "The version may not follow its predecessor",
        (
            "Tags are permanent, so a mistyped number would be too. Only one step of any level is"
            " legal; `possible` lists the versions that are."
        ),
        "-version: 1.2.0\n+version: 1.4.0        # 1.2.1, 1.3.0 or 2.0.0",
    ),
    "version-without-change": (
        "The version grew and the content did not change",
        "Two versions with one content only confuse those who compare them.",
        "-version: 1.2.0\n+version: 1.2.1        # and nothing else",
    ),
    "level-too-low": (
        "The version grew less than the change asks for",
        "Callers trust ranges such as ^1.2: what breaks them has to be a major version.",
        "-version: 1.2.0\n+version: 1.2.1\n-    content: Summarize.\n+    content: Sum up.",
    ),
    "digest-mismatch": (
        "The digest line does not say what the content is",
        (
            "The digest makes git report a conflict when two branches give one version two"
            " contents. `promptreg bump` writes it."
        ),
        "version: 1.3.0\ndigest: 4f1a2b3c5d6e   # of the content before the last edit",
    ),
}

_FILES: _Texts = {
    "invalid-yaml": (
        "The file is not valid YAML",
        "The message names the line and the column where the parser gave up.",
        "messages:\n\t- role: user        # a tab",
    ),
    "duplicate-key": (
        "A key stands twice in one mapping",
        "Only one of the two would count, and nobody sees which.",
        "model: openai/gpt-4o\nmodel: openai/gpt-4o-mini",
    ),
    "non-string-key": (
        "A key is not text",
        "JSON, which the digest is made of, has only text as keys.",
        "metadata: {1: first}   # write '1': first",
    ),
    "date-value": (
        "A value is a date",
        "JSON has no dates, and parsers disagree on them, so the digest would too.",
        "metadata: {since: 2026-01-01}          # write '2026-01-01'",
    ),
    "not-utf-8": (
        "The file is not UTF-8",
        "Prompts are text in UTF-8, with or without a byte order mark.",
        "iconv -f latin1 -t utf-8 FILE",
    ),
    "file-too-large": (
        "The file is larger than 1 MiB",
        "A prompt is text that people review; data belongs beside it.",
        "testData: [... 5,000 rows ...]         # move them to a file of an evaluation suite",
    ),
    "symbolic-link": (
        "A prompt or a fragment is a symbolic link, or a fragment's folder is one",
        (
            "A commit holds a link as the path it leads to, so the text would be another in each"
            " checkout."
        ),
        "prompts/shared/style.md -> ../../docs/style.md\nfix: copy the file in its place",
    ),
    "lfs-pointer": (
        "The file is a pointer of Git LFS",
        "The text itself is not in the repository, so neither reviews nor digests can see it.",
        "version https://git-lfs.github.com/spec/v1\nfix: git lfs migrate export --include FILE",
    ),
    "conflict-markers": (
        "The file holds an unresolved git conflict",
        (
            "`promptreg bump` resolves a conflict of the version and digest lines alone; any other"
            " needs a person."
        ),
        "<<<<<<< HEAD\nversion: 1.3.0\n=======\nversion: 1.3.0\n>>>>>>> feature",
    ),
    "case-clash": (
        "Two paths differ only in letter case",
        (
            "git keeps both, but macOS and Windows check out one of them, and its content seems"
            " changed for ever. Prompts, fragments and labels alike; so do letters with accents"
            " that are composed in two ways."
        ),
        "prompts/shared/Style.md\nprompts/shared/style.md",
    ),
    "windows-name": (
        "Windows can have no such file",
        (
            "git clones nothing there where one path cannot be written: CON, NUL, AUX, PRN, COM1 to"
            " COM9 and LPT1 to LPT9 are devices, whatever their ending and letter case; no name"
            ' ends in a dot or a space, or holds one of <>:"|?*\\. An error for what is added, and'
            " for a file that was committed before a warning of `promptreg check FILE`."
        ),
        "prompts/support/aux.prompt.yml\nfix: git mv it to another name",
    ),
    "duplicate-name": (
        "Two files have one prompt name",
        "A name is the path without its ending, so only one ending may exist.",
        "prompts/triage.yaml\nprompts/triage.prompt.yml",
    ),
    "invalid-name": (
        "A file's path is no prompt name",
        (
            "Names are lower case letters, digits, - and _, with / between folders: they become"
            " tags, and file systems differ in letter case."
        ),
        "prompts/News Summarizer.yaml           # news-summarizer.yaml",
    ),
    "invalid-prompt": (
        "The file is not a valid prompt",
        "The message says what is wrong.",
        "messages: Hello        # a list of messages",
    ),
    "wrong-type": (
        "A field has a value of the wrong type",
        "The message says which type the field wants.",
        "tags: summarization    # write [summarization]",
    ),
    "wrong-default": (
        "The default of a variable does not fit its type or enum",
        "It would fail for every caller who leaves the variable out.",
        "variables:\n  count: {type: integer, default: many}",
    ),
    "variable-name": (
        "A variable's name is not a name",
        "Names are letters, digits and _, and do not begin with a digit.",
        "variables:\n  user-name: string    # user_name",
    ),
    "messages-missing": (
        "The prompt has no messages",
        "A prompt is at least one message.",
        "messages:\n  - role: user\n    content: Summarize {{article}}",
    ),
    "invalid-json-schema": (
        "The schema of the answer is not a JSON object",
        "`jsonSchema` is a mapping, or JSON text that holds one.",
        "jsonSchema: '{type: object}'           # JSON wants quotes around names",
    ),
    "formerly-lost": (
        "A prompt no longer records a name it had before",
        (
            "The versions from before the rename have their tags under that name; without the line"
            " they would belong to nobody."
        ),
        "formerly: [summarizer]     # was there, and its versions are released",
    ),
    "label-name": (
        "A label's name is not valid",
        "Labels are lower case letters, digits and -, and none of head, worktree and latest.",
        "prompts/labels/Production.yaml",
    ),
    "label-value": (
        "A label names something that is not a version",
        "A label file maps prompt names to exact versions.",
        "summarizer: latest     # write 1.3.0",
    ),
    "label-order": (
        "The names in a label file are not sorted",
        "Sorted lines make git report a conflict when two branches set one prompt.",
        "triage: 2.0.0\nsummarizer: 1.3.0    # belongs above",
    ),
    "label-untagged": (
        "A label names a version that is not released",
        (
            "What a label names is served as soon as it is merged. Promote in a second pull"
            " request, after the version was tagged."
        ),
        "summarizer: 1.4.0      # claimed in the same pull request",
    ),
    "label-yanked": (
        "A label names a version that is yanked",
        "Somebody withdrew it for a reason; a label would serve it to everybody.",
        "summarizer: 1.2.0      # yanked.yaml has summarizer@1.2.0",
    ),
    "yanked-value": (
        "A line of yanked.yaml is wrong, out of order or missing",
        (
            "Each line names one version with the reason. The line of a deleted version stays for"
            " ever, or its number would be used again."
        ),
        'summarizer@1.2.0: {reason: "Invents quotes."}',
    ),
}

_WARNINGS: _Texts = {
    "unknown-key": (
        "A key is none that promptreg knows",
        "Often it is a typing mistake. A key of your own belongs under `metadata`.",
        "modelParameter: {temperature: 0}       # modelParameters",
    ),
    "unknown-role": (
        "A message's role is none that models know",
        "The roles are system, developer, user, assistant and tool.",
        "- role: sytem",
    ),
    "fstring-field": (
        "An fstring template has a field of Python's that stays as it is",
        (
            "Only `{name}` is filled, so that JSON and code stay text. Conversions, formats,"
            " attributes and other letters than ASCII are none of that."
        ),
        "template: fstring\nmessages:\n  - role: user\n    content: Pay {amount:.2f}, {user.name}!",
    ),
    "unused-variable": (
        "A variable is declared and no message uses it",
        "Callers have to pass what changes nothing.",
        "variables:\n  tone: string\nmessages:\n  - role: user\n    content: Hello",
    ),
}

_INFORMATION: _Texts = {
    "github-incompatible": (
        "GitHub's own prompt editor would read this differently",
        (
            "GitHub Models replaces exactly {{name}}, without blanks, filters or tags, wants a role"
            " in every message and the schema as JSON text. It matters only to those who use it."
        ),
        "content: 'Hello {{ name|title }}'",
    ),
}

FINDING_TEXTS: Mapping[Severity, _Texts] = MappingProxyType(
    {
        "error": {**_VERSIONS, **_FILES, **VALUE_TEXTS},
        "warning": _WARNINGS,
        "info": _INFORMATION,
    }
)
