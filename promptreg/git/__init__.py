"""All git access: nothing outside this package imports pygit2 or runs git."""

from promptreg.git.discovery import GitPaths, discover
from promptreg.git.repository import Commit, Head, Repository
from promptreg.git.tagging import TagOutcome

__all__ = ["Commit", "GitPaths", "Head", "Repository", "TagOutcome", "discover"]
