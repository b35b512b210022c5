"""Where the repository lives: its name and links to files, taken from its remote's address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Origin", "origin_of", "parse_remote"]

# Credentials in an address must never reach a report.
_WEB = re.compile(r"(?:https?|ssh|git)://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?/(?P<path>.+)")
_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^/:@]+):(?P<path>[^/].*)")


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository's name and its host.

    Attributes:
        name: Such as ``acme/prompts``.
        host: The host of its web pages; empty when it has none that is known.
    """

    name: str
    host: str = ""

    def file_url(self, path: str, commit: str) -> str:
        """Return where a file can be read; empty when unknown."""
        return self._url("blob", commit, path)

    def edit_url(self, path: str, branch: str) -> str:
        """Return where a file can be edited; empty when unknown."""
        return self._url("edit", branch, path) if branch else ""

    def _url(self, verb: str, revision: str, path: str) -> str:
        if not path or not self.host:
            return ""
        between = "/-/" if "gitlab" in self.host else "/"
        where = f"{quote(revision)}/{quote(path)}"
        return f"https://{self.host}/{quote(self.name)}{between}{verb}/{where}"


def parse_remote(url: str) -> Origin | None:
    """Read the address of a remote; None when it is a folder."""
    found = _WEB.fullmatch(url) or _SCP.fullmatch(url)
    if found is None or ("://" in url and not url.startswith(("http", "ssh", "git"))):
        return None
    path = found["path"].strip("/").removesuffix(".git")
    known = any(word in found["host"] for word in ("github", "gitlab"))
    return Origin(path, found["host"] if known else "")


def origin_of(registry: Registry) -> Origin:
    """Return the origin of a registry's repository; its folder's name without a remote."""
    from promptreg.git.process import has_git, try_git

    if has_git():
        result = try_git(registry.root, "config", "--get", "remote.origin.url")
        origin = parse_remote(result.stdout.decode("utf-8", "replace").strip())
        if result.returncode == 0 and origin is not None:
            return origin
    return Origin(registry.root.name)
