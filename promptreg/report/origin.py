"""Where the repository lives: its name and links to files, taken from its remote's address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Links", "Origin", "edit_branch", "origin_of", "parse_remote"]

# Credentials in an address must never reach a report.
_WEB = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:[^@/]*@)?(?P<host>[^/:]+)(?P<port>:\d+)?/(?P<path>.+)"
)
_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^/:@]+):(?P<path>[^/].*)")


class _Pages(NamedTuple):
    """Where a kind of host shows a file at a commit, and lets it be edited on a branch."""

    file: str
    edit: str


_GITEA = _Pages("src/commit/{revision}/{path}", "_edit/{revision}/{path}")
_KINDS = {
    "github": _Pages("blob/{revision}/{path}", "edit/{revision}/{path}"),
    "gitlab": _Pages("-/blob/{revision}/{path}", "-/edit/{revision}/{path}"),
    # Bitbucket on a host of one's own has other addresses.
    "bitbucket.org": _Pages("src/{revision}/{path}", "src/{revision}/{path}?mode=edit"),
    "codeberg.org": _GITEA,
    "forgejo": _GITEA,
    "gitea": _GITEA,
}
# Hosts that have another name for ssh, by themselves or in people's ~/.ssh/config.
_PUBLIC = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")


class Links(NamedTuple):
    """Where a prompt's file can be read, and where it can be edited; empty when unknown."""

    file: str = ""
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository's name and its host.

    Attributes:
        name: Such as ``acme/prompts``.
        host: The host of its web pages, with its port; empty when it has none that is known.
        scheme: How its web pages are asked for.
    """

    name: str
    host: str = ""
    scheme: str = "https"

    def file_url(self, path: str, commit: str) -> str:
        """Return where a file can be read; empty when unknown."""
        pages = _pages_of(self.host)
        return self._url(pages.file, commit, path) if pages else ""

    def edit_url(self, path: str, branch: str) -> str:
        """Return where a file can be edited; empty when unknown."""
        pages = _pages_of(self.host)
        return self._url(pages.edit, branch, path) if pages and branch else ""

    def _url(self, page: str, revision: str, path: str) -> str:
        if not path:
            return ""
        place = page.format(revision=quote(revision), path=quote(path))
        return f"{self.scheme}://{self.host}/{quote(self.name)}/{place}"


def _pages_of(host: str) -> _Pages | None:
    return next((pages for word, pages in _KINDS.items() if word in host), None)


def parse_remote(url: str) -> Origin | None:
    """Read the address of a remote; None when it is a folder."""
    found = _WEB.fullmatch(url) or (_SCP.fullmatch(url) if "://" not in url else None)
    if found is None:
        return None
    given = {"scheme": "", "port": "", **found.groupdict(default="")}
    path = given["path"].strip("/").removesuffix(".git")
    host = _public(given["host"].lower())
    if _pages_of(host) is None:
        return Origin(path)
    # A port of ssh or git leads to no web page.
    is_web = given["scheme"].startswith("http")
    return Origin(
        path,
        host + given["port"] if is_web else host,
        given["scheme"] if is_web else "https",
    )


def _public(host: str) -> str:
    for known in _PUBLIC:
        if host in {f"ssh.{known}", f"altssh.{known}"} or host.startswith(f"{known}-"):
            return known
    return host


def origin_of(registry: Registry) -> Origin:
    """Return the origin of a registry's repository; its folder's name without a remote."""
    from promptreg.git.process import has_git, try_git

    if has_git():
        # Unlike the configured address this one has its `url.<base>.insteadOf` applied.
        result = try_git(registry.root, "remote", "get-url", "origin")
        origin = parse_remote(result.stdout.decode("utf-8", "replace").strip())
        if result.returncode == 0 and origin is not None:
            return origin
    return Origin(registry.root.name)


def edit_branch(registry: Registry, commit: str) -> str:
    """Return the branch to edit a commit's files on; empty when there is none.

    Jobs of CI have no branch checked out, but often the tip of the release branch.

    Args:
        registry: The registry.
        commit: The commit that the report describes.
    """
    from promptreg.history.branches import release_ref

    repository = registry.repository
    if branch := repository.head.branch:
        return branch
    ref = release_ref(repository, registry.config.release_branches)
    if ref is None or repository.refs.read(ref) != commit:
        return ""
    return ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/")
