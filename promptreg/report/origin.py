"""Where the repository lives: its name and links to files, taken from its remote's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.registry import Registry

__all__ = ["Links", "Origin", "edit_branch", "origin_of", "parse_remote"]

# Credentials in an address must never reach a report.
_WEB = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:[^/]*@)?"
    r"(?P<host>[^/:@\[\]]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d+)?/(?P<path>.+)"
)
_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^/:@]+):(?P<path>[^/].*)")
# An address without a scheme is one of ssh.
_PORTS = {"http": ":80", "https": ":443", "git": ":9418", "ssh": ":22", "": ":22"}


class _Pages(NamedTuple):
    """Where a kind of host shows a file at a commit, and lets it be edited on a branch.

    They follow the address of the repository's pages. `query` is the revision within a query.
    """

    file: str
    edit: str


_GITEA = _Pages("/src/commit/{revision}/{path}", "/_edit/{revision}/{path}")
_PAGES = {
    "github": _Pages("/blob/{revision}/{path}", "/edit/{revision}/{path}"),
    "gitlab": _Pages("/-/blob/{revision}/{path}", "/-/edit/{revision}/{path}"),
    "bitbucket.org": _Pages("/src/{revision}/{path}", "/src/{revision}/{path}?mode=edit"),
    # These two edit a file in the page that shows it on a branch.
    "bitbucket": _Pages("/browse/{path}?at={query}", "/browse/{path}?at=refs%2Fheads%2F{query}"),
    "azure": _Pages("?path=/{path}&version=GC{query}", "?path=/{path}&version=GB{query}"),
    "gitea": _GITEA,
    "forgejo": _GITEA,
}
# What a host's name, or the path of a repository on it, says of its kind; the first that fits.
_SIGNS = (
    ("github", "github"),
    ("gitlab", "gitlab"),
    ("bitbucket.org", "bitbucket.org"),
    ("bitbucket", "bitbucket"),
    ("dev.azure.com", "azure"),
    ("visualstudio.com", "azure"),
    ("codeberg.org", "gitea"),
    ("forgejo", "forgejo"),
    ("gitea", "gitea"),
)
_AZURE = re.compile(r"(?:.+/)?_git/[^/]+")
_AZURE_SSH = re.compile(r"v3/(?P<organization>[^/]+)/(?P<project>[^/]+)/(?P<repository>[^/]+)")
_BITBUCKET_WEB = re.compile(r"(?P<context>(?:.+/)?)scm/(?P<project>[^/]+)/(?P<repository>[^/]+)")
_BITBUCKET_SSH = re.compile(r"(?P<context>)(?P<project>[^/]+)/(?P<repository>[^/]+)")
# Hosts that have another name for ssh, by themselves or in people's ~/.ssh/config.
_PUBLIC = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org")


class Links(NamedTuple):
    """Where a prompt's file can be read, and where it can be edited; empty when unknown."""

    file: str = ""
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository's name and its pages.

    Attributes:
        name: Such as ``acme/prompts``.
        address: Where its web pages begin; empty when none are known.
        kind: What its host is; decides how the pages go on.
    """

    name: str
    address: str = ""
    kind: str = ""

    def file_url(self, path: str, commit: str) -> str:
        """Return where a file can be read; empty when unknown."""
        return self._url(_PAGES[self.kind].file, commit, path) if self.address else ""

    def edit_url(self, path: str, branch: str) -> str:
        """Return where a file can be edited; empty when unknown."""
        return self._url(_PAGES[self.kind].edit, branch, path) if self.address and branch else ""

    def _url(self, page: str, revision: str, path: str) -> str:
        if not path:
            return ""
        query = quote(revision, safe="")
        return self.address + page.format(revision=quote(revision), query=query, path=quote(path))


def parse_remote(url: str, hosts: Mapping[str, str] = MappingProxyType({})) -> Origin | None:
    """Read the address of a remote; None when it is a folder.

    Args:
        url: The address.
        hosts: The kinds of hosts whose names do not say what they are. A name with a port is about
            that port alone, one without about all that no other name is about.
    """
    found = _WEB.fullmatch(url) or (_SCP.fullmatch(url) if "://" not in url else None)
    if found is None:
        return None
    given = {"scheme": "", "port": "", **found.groupdict(default="")}
    path = unquote(given["path"].strip("/").removesuffix(".git"))
    host = _public(given["host"].lower())
    # A port of ssh or git leads to no web page.
    is_web = given["scheme"].startswith("http")
    server = f"{given['scheme']}://{host}{given['port']}" if is_web else f"https://{host}"
    port = given["port"] or _PORTS[given["scheme"]]
    said = hosts.get(f"{host}{port}") or hosts.get(host)
    match kind := said or _kind_of(host, path, is_web=is_web):
        case "":
            return Origin(path)
        case "azure":
            return _azure(server, path)
        case "bitbucket":
            return _bitbucket(server, path, is_web=is_web)
        case _:
            return Origin(path, f"{server}/{quote(path)}", kind)


def _kind_of(host: str, path: str, *, is_web: bool) -> str:
    """Return what a host is; empty where nothing tells."""
    if found := next((kind for sign, kind in _SIGNS if sign in host), ""):
        return found
    if _AZURE.fullmatch(path):
        return "azure"
    return "bitbucket" if is_web and _BITBUCKET_WEB.fullmatch(path) else ""


def _azure(server: str, path: str) -> Origin:
    """Return a repository of Azure DevOps, whose addresses for ssh are of another form."""
    if ssh := _AZURE_SSH.fullmatch(path):
        organization, project, repository = ssh.groups()
        server, path = "https://dev.azure.com", f"{organization}/{project}/_git/{repository}"
    if not _AZURE.fullmatch(path):
        return Origin(path)
    name = "/".join(part for part in path.split("/") if part != "_git")
    return Origin(name, f"{server}/{quote(path)}", "azure")


def _bitbucket(server: str, path: str, *, is_web: bool) -> Origin:
    """Return a repository of Bitbucket Data Center, whose pages do not lie at its address."""
    found = (_BITBUCKET_WEB if is_web else _BITBUCKET_SSH).fullmatch(path)
    if found is None:
        return Origin(path)
    context, project, repository = found.groups()
    # Keys of projects are upper case in pages and lower case in addresses; ~ada is a person's own.
    is_own = project.startswith("~")
    owner = f"users/{quote(project[1:])}" if is_own else f"projects/{quote(project.upper())}"
    place = f"{quote(context)}{owner}/repos/{quote(repository)}"
    return Origin(f"{project}/{repository}", f"{server}/{place}", "bitbucket")


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
        url = result.stdout.decode("utf-8", "replace").strip()
        origin = parse_remote(url, registry.config.hosts)
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
