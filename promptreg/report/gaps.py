"""Says what a report lacks because this clone or this commit does not have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptreg.registry import Registry

__all__ = ["gaps"]

_NAMED = 3


def gaps(
    registry: Registry, lost_rows: Mapping[str, int], unfetched: int, *, is_unreleased: bool
) -> Iterator[str]:
    """Yield a line for each kind of thing that is missing, with what brings it.

    Args:
        registry: The registry.
        lost_rows: Metric rows of unknown versions, by prompt.
        unfetched: How many versions' texts are not in this clone.
        is_unreleased: Whether there are prompts, none of which has a released version.
    """
    if lost_rows:
        names = ", ".join(sorted(lost_rows)[:_NAMED])
        count = sum(lost_rows.values())
        yield f"{count:,} metric rows are of versions that this commit does not know: {names}"
    if unfetched:
        yield (
            f"texts were not fetched and are missing here, those of {unfetched:,} versions; "
            "git fetch --refetch --no-filter brings them"
        )
    if registry.repository.is_shallow:
        yield (
            "this clone is shallow: versions may be missing, and since when a label names its own; "
            "git fetch --unshallow --tags brings them"
        )
    elif is_unreleased:
        yield (
            "no version is released here: promptreg release makes versions of what is merged, "
            "git fetch --tags brings those of the remote"
        )
