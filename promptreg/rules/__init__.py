"""Every rule by its stable id: what changes mean for a version, and what checks find; pure.

A bump needs the levels alone; `promptreg.rules.book` has all the words.
"""

from __future__ import annotations

from collections.abc import Mapping

from promptreg.rules.change_texts import CHANGE_TEXTS
from promptreg.versioning import Level

__all__ = ["level_of_rule"]

_LEVELS = {id_: Level.from_name(level) for level, ids in CHANGE_TEXTS.items() for id_ in ids}


def level_of_rule(id_: str, levels: Mapping[str, Level]) -> Level:
    """Return the level of a change rule.

    Args:
        id_: The rule.
        levels: The levels that the configuration gives to rules.
    """
    return levels[id_] if id_ in levels else _LEVELS[id_]
