"""The merge driver: three versions of a prompt file, whose version and digest lines never conflict.

Git hands over the three files; the two lines are made equal before git's own three-way merge runs,
and the greater version stands in the result. Its digest is left stale where both sides changed the
content, so that `bump` or `check` ask for the next version.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from promptreg.errors import PromptError
from promptreg.prompt.splice import set_version_and_digest
from promptreg.prompt.yamldoc import Document, load
from promptreg.values import dataclass
from promptreg.versioning import Version

__all__ = ["MergeResult", "merge_prompts", "text_of"]


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What became of a merge: the file, and whether conflicts are left in it."""

    data: bytes
    conflicts: bool


def merge_prompts(
    base: bytes, ours: bytes, theirs: bytes, path: str, *, marker_size: int = 7
) -> MergeResult:
    """Merge three versions of a prompt file.

    Args:
        base: The common ancestor; empty when both sides added the file.
        ours: The current branch's file.
        theirs: The other branch's file.
        path: The file in the repository.
        marker_size: The length of conflict markers.

    Returns:
        The merged file. Files that do not parse are merged as plain text.
    """
    try:
        documents = [load(data, path) if data else None for data in (base, ours, theirs)]
        mine, other = documents[1], documents[2]
        if mine is None or other is None:
            return _merge_file(base, ours, theirs, marker_size)
        kept = max((mine, other), key=_version_key)
        version, digest = kept.scalar("version"), kept.scalar("digest")
        if version is None or digest is None:
            return _merge_file(base, ours, theirs, marker_size)
        neutral = [
            set_version_and_digest(data, path, version=version, digest=digest) if data else data
            for data in (base, ours, theirs)
        ]
    except PromptError:
        return _merge_file(base, ours, theirs, marker_size)
    return _merge_file(neutral[0], neutral[1], neutral[2], marker_size)


def _version_key(document: Document) -> Version:
    try:
        return Version.parse(document.scalar("version") or "0.0.0")
    except PromptError:
        return Version(0)


def _merge_file(base: bytes, ours: bytes, theirs: bytes, marker_size: int) -> MergeResult:
    from promptreg.errors import RepositoryError
    from promptreg.git.process import complaint, try_git

    with tempfile.TemporaryDirectory(prefix="promptreg-merge-") as folder:
        for name, data in (("ours", ours), ("base", base), ("theirs", theirs)):
            (Path(folder) / name).write_bytes(data)
        answer = try_git(
            Path(folder), "merge-file", "-p", f"--marker-size={marker_size}",
            "-L", "ours", "-L", "base", "-L", "theirs", "ours", "base", "theirs",
        )  # fmt: skip
    # git merge-file exits with the number of conflicts, and above 127 when it failed.
    if answer.returncode > 127:  # noqa: PLR2004 - see above
        raise RepositoryError(f"git merge-file failed: {complaint(answer)}")
    return MergeResult(answer.stdout, answer.returncode != 0)


def text_of(data: bytes, path: str) -> str:
    """Return a prompt as the text that `git diff` compares: settings a line each, then messages.

    Escapes and quoting are gone, so that a diff shows words; a file that does not parse is
    returned as it is.
    """
    from promptreg.diffs.promptdiff import text_sections
    from promptreg.prompt.content import Content
    from promptreg.prompt.parsing import parse_prompt

    try:
        prompt = parse_prompt(data, path, path)
    except PromptError:
        return data.decode("utf-8", "replace")
    parts = [f"[version]\n{prompt.version}\n"] if prompt.version else []
    for title, text in text_sections(Content(prompt, {}, "", data)):
        parts.append(f"[{title}]\n{text}" if text.endswith("\n") else f"[{title}]\n{text}\n")
    return "\n".join(parts)
