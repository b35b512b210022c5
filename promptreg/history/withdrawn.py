"""Which versions of a prompt are withdrawn, also those that were released under a former name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptreg.history.tagindex import TagIndex
    from promptreg.history.yanked import Yank, Yanks
    from promptreg.versioning import Version

__all__ = ["released_name", "yanks_of"]


def yanks_of(tags: TagIndex, yanked: Yanks, name: str) -> dict[Version, Yank]:
    """Return the withdrawn versions of a prompt.

    A line that names the version as it was released counts after a rename too: nobody would serve
    again what was withdrawn, only because the prompt has another name.

    Args:
        tags: The release tags.
        yanked: All withdrawn versions.
        name: The prompt's name.
    """
    if not yanked:
        return {}
    found = {v: y for v in tags.versions(name) if (y := yanked.get((name, v))) is not None}
    for former in tags.lineage(name)[1:]:
        for (other, version), yank in yanked.items():
            if other == former and released_name(tags, name, version) == former:
                found.setdefault(version, yank)
    return found


def released_name(tags: TagIndex, name: str, version: Version) -> str:
    """Return the name under which a version of a prompt was released: a former one, or its own.

    Args:
        tags: The release tags.
        name: The prompt's name now.
        version: The version.
    """
    _, *former = tags.lineage(name)
    if not former or version in tags.own_oids(name):
        return name
    tag, _ = tags.oids(name).get(version, ("", ""))
    forms = tags.config.tags
    owners = (each for each in former if tag in {f.tag(each, str(version)) for f in forms})
    return next(owners, name)
