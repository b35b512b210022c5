"""One difference between two contents, before it has a level."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptreg.values import dataclass

if TYPE_CHECKING:
    from promptreg.errors import Location
    from promptreg.prompt import JSON

__all__ = ["Difference", "same_value"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference that falls under a rule.

    Attributes:
        rule: The rule's id.
        detail: What differs, in one line without a full stop.
        location: Where it stands in the new content.
    """

    rule: str
    detail: str
    location: Location


def same_value(left: JSON, right: JSON) -> bool:
    """Tell whether two values are the same JSON: 1, 1.0 and true are three values."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
