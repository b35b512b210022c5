"""Where the fields of a file stand; pure, and only loaded when somebody asks.

Most files are read without a fault, and finding the place of each field takes as long as parsing.
"""

from __future__ import annotations

from typing import Any

from promptreg.errors import Location
from promptreg.prompt.yamldoc import is_merge, merged_nodes

__all__ = ["places_of"]


def places_of(root: Any, path: str) -> dict[str, Location]:
    """Return where each field stands by dotted path, and its key by the path with ``#key``.

    Args:
        root: The root mapping, whose values were read without a fault.
        path: The name of the file.
    """
    found: dict[str, Location] = {}

    def place(where: str, node: Any) -> None:
        found[where] = Location(path, node.start_mark.line + 1, node.start_mark.column + 1)

    def look_into(node: Any, prefix: str) -> None:
        if node.id == "sequence":
            for index, item in enumerate(node.value):
                place(f"{prefix}{index}", item)
                look_into(item, f"{prefix}{index}.")
        elif node.id == "mapping":
            # What a mapping says itself hides what it merges.
            for source in reversed(merged_nodes(node)):
                look_into(source, prefix)
            for key, value in node.value:
                if not is_merge(key):
                    where = f"{prefix}{key.value}"
                    place(where, value)
                    place(f"{where}#key", key)
                    look_into(value, f"{where}.")

    look_into(root, "")
    return found
