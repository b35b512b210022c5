"""All git access: nothing outside this package imports pygit2 or runs git."""

from promptreg.git.discovery import GitPaths, discover
from promptreg.git.repository import Commit, Head, Repository

__all__ = ["Commit", "GitPaths", "Head", "Repository", "discover"]
