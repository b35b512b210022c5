"""Prompt names, file paths, tags and labels: how one is written as the other; pure."""

from __future__ import annotations

import fnmatch
import re

from promptreg.errors import ConfigError
from promptreg.values import dataclass

__all__ = [
    "FRAGMENT_ENDINGS",
    "LABEL",
    "MAX_BYTES",
    "NAME",
    "Layout",
    "TagFormat",
    "is_fragment",
    "prompts_folder",
    "windows_refuses",
]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*")
# v1 and vx are ranges, and a reference must not mean two things.
LABEL = re.compile(r"(?!v(?:x|[0-9]+)\Z)[a-z][a-z0-9-]+")
RESERVED_LABELS = frozenset({"head", "worktree", "latest"})
MAX_BYTES = 1 << 20
"""How large a prompt file or a fragment may be."""
FRAGMENT_ENDINGS = (".md", ".txt", ".j2")
_ENDINGS = (".prompt.yaml", ".prompt.yml", ".yaml", ".yml")
_EVALUATION_ENDINGS = (".eval.yaml", ".eval.yml")
_RESERVED_FOLDERS = ("labels/", "experiments/")
# What Windows takes for devices, whatever the ending, and what it allows in no name.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "123456789\u00b9\u00b2\u00b3"}
)
_NOT_IN_WINDOWS = frozenset('<>:"|?*\\') | frozenset(map(chr, range(32)))
# What `git check-ref-format` refuses; a text, for hardly anybody has a format of their own.
_NO_REF = r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|/$|\.$|(?:^|/)\.|\.lock(?:/|$)|^@$|^-"
_RESERVED_FILES = ("yanked.yaml",)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which files below the root folder are prompts.

    Attributes:
        root: The prompts folder in the repository, without a trailing slash.
        include: Patterns below the root; a file must match one.
        exclude: Patterns below the root; a file must match none.
    """

    root: str = "prompts"
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()

    def relative(self, path: str) -> str | None:
        """Return a repository path as seen from the root, or None when it lies outside."""
        prefix = f"{self.root}/"
        return path[len(prefix) :] if path.startswith(prefix) else None

    def is_prompt(self, path: str) -> bool:
        """Tell whether a repository path holds a prompt, whatever its content."""
        relative = self.relative(path)
        if relative is None or not relative.endswith((".yaml", ".yml")):
            return False
        if relative.endswith(_EVALUATION_ENDINGS) or relative in _RESERVED_FILES:
            return False
        if relative.startswith(_RESERVED_FOLDERS):
            return False
        return _matches(relative, self.include) and not _matches(relative, self.exclude)

    def name_of(self, path: str) -> str | None:
        """Return the prompt name that a path stands for, or None when it is no prompt.

        The name may break the rules of names; see `NAME`.
        """
        if not self.is_prompt(path):
            return None
        relative = path[len(self.root) + 1 :]
        ending = next(e for e in _ENDINGS if relative.endswith(e))
        return relative[: -len(ending)]

    def candidates(self, name: str) -> tuple[str, ...]:
        """Return the paths at which a prompt may lie."""
        return tuple(f"{self.root}/{name}{ending}" for ending in _ENDINGS)

    def fragment(self, include: str) -> str:
        """Return the repository path of an included fragment."""
        return f"{self.root}/{include}"


def prompts_folder(path: str, name: str) -> str:
    """Return the prompts folder with its slash, as a prompt's path and name tell it.

    Args:
        path: The prompt's file in the repository.
        name: The prompt's name.
    """
    found = (f"{name}{ending}" for ending in _ENDINGS if path.endswith(f"{name}{ending}"))
    return path.removesuffix(next(found, path))


def windows_refuses(path: str) -> str | None:
    """Return the part of a path that Windows cannot have as a file or folder, or None.

    Git checks nothing out there where one path of a commit cannot be written. The names are those
    of Microsoft's "Naming Files, Paths, and Namespaces".

    Args:
        path: A path with ``/``.
    """
    return next((part for part in path.split("/") if _is_refused(part)), None)


def _is_refused(part: str) -> bool:
    device = part.partition(".")[0].rstrip(" ").lower()
    return device in _DEVICES or part.endswith((".", " ")) or not _NOT_IN_WINDOWS.isdisjoint(part)


def is_fragment(path: str) -> bool:
    """Tell whether a path has the ending of a text fragment."""
    return path.endswith(FRAGMENT_ENDINGS)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return "**" in patterns or any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class TagFormat:
    """How a released version is written as a tag, such as ``{name}@{version}``."""

    template: str = "{name}@{version}"

    def __post_init__(self) -> None:
        if self.template == "{name}@{version}":
            return
        for field in ("{name}", "{version}"):
            if self.template.count(field) != 1:
                raise ConfigError(f"tag format {self.template!r} must hold {field} once")
        if self.template.index("{name}") > self.template.index("{version}"):
            raise ConfigError(
                f"tag format {self.template!r} must have the name before the version",
                fix="tags of one prompt are found by their beginning",
            )
        between = self.template.partition("{name}")[2].partition("{version}")[0]
        if not between or between[-1].isdigit():
            raise ConfigError(
                f"tag format {self.template!r} does not tell where the version begins",
                fix="write {name}@{version}",
            )
        if re.search(_NO_REF, self.tag("a/b", "1.0.0-rc.1")):
            raise ConfigError(
                f"tag format {self.template!r} makes no name that git allows",
                fix="see git check-ref-format, or write {name}@{version}",
            )

    def tag(self, name: str, version: str) -> str:
        """Return the tag of one version."""
        return self.template.replace("{name}", name).replace("{version}", version)

    def prefix(self, name: str) -> str:
        """Return what all tags of a prompt begin with."""
        return self.template.partition("{version}")[0].replace("{name}", name)

    @property
    def ending(self) -> str:
        """What all tags end with, behind the version."""
        return self.template.partition("{version}")[2]

    def parse(self, tag: str) -> tuple[str, str] | None:
        """Return the name and the version text a tag stands for, or None for another tag."""
        before, _, rest = self.template.partition("{name}")
        middle, _, after = rest.partition("{version}")
        if not tag.startswith(before) or not tag.endswith(after):
            return None
        inner = tag[len(before) : len(tag) - len(after) if after else None]
        name, found, version = inner.rpartition(middle)
        if found and not version[:1].isdigit():
            # In a-1.0.0-rc.1 the last separator belongs to the pre-release.
            name, found, core = name.rpartition(middle)
            version = f"{core}{middle}{version}"
        return (name, version) if found and name and version else None
