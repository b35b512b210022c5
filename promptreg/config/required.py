"""Whether this promptreg is one that a configuration asks for."""

from __future__ import annotations

import re

from promptreg.errors import ConfigError, Location, PromptError

__all__ = ["require_version"]

# What pip and a range say in the same words; a range's >1.2 begins with 1.3, pip's with 1.2.1.
_PIP = re.compile(r"(?:(?:>=|<)\d+(?:\.\d+)*(?:,(?!$)|$))+")


def require_version(wanted: str, source: str) -> None:
    """Refuse to go on with another promptreg than a configuration asks for.

    Args:
        wanted: A range, such as ``>=1.2,<2`` or ``^1.2``.
        source: Where it stands.

    Raises:
        ConfigError: This promptreg is not in it, or it is no range.
    """
    from promptreg import __version__
    from promptreg.versioning import Version
    from promptreg.versioning.ranges import Range

    location = Location(source)
    # A pre-release of promptreg has what its release will have, and Python's way to write it.
    core = re.match(r"\d+\.\d+\.\d+", __version__)
    assert core is not None, "promptreg's own version"
    try:
        fits = Version.parse(core[0]) in Range.parse(wanted)
    except PromptError as error:
        message = f"required-version {wanted!r}: {error.message}"
        raise ConfigError(message, location=location, fix="write it as >=1.2,<2 or ^1.2") from error
    if not fits:
        plain = wanted.replace(" ", "")
        raise ConfigError(
            f"this is promptreg {__version__}, and required-version wants {wanted}",
            location=location,
            fix=f"pip install 'git-promptreg{plain}'"
            if _PIP.fullmatch(plain)
            else f"install a git-promptreg that is in {wanted}",
        )
