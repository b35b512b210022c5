"""The identity of a prompt's content; pure.

Digest: sha256 over the canonical JSON (sorted keys, UTF-8, no spaces) of ``{scheme, value,
includes}``. Equality is always decided on all 64 hex digits; the 12 in a file only provoke a git
conflict where two branches give one version two contents.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from promptreg.errors import PromptError

__all__ = [
    "SHORT",
    "UNVERSIONED_FIELDS",
    "collect_includes",
    "compute_digest",
    "normalize_fragment",
]

SHORT = 12
UNVERSIONED_FIELDS = frozenset({"version", "digest", "formerly", "testData", "evaluators"})
_SCHEME = 1


def compute_digest(value: Mapping[str, Any], includes: Mapping[str, str]) -> str:
    """Return the 64 hex digits of a parsed prompt value and its transitive fragments.

    Args:
        value: The parsed file, nothing defaulted.
        includes: Text of each fragment by its path below the prompts folder.

    Raises:
        PromptError: The value holds something that UTF-8 JSON cannot say.
    """
    return _sha256(canonical_json(value, includes))


def _sha256(data: bytes) -> str:
    """Return the digest of some bytes.

    hashlib loads OpenSSL, three milliseconds that a command of one prompt can spare: where nobody
    has loaded it, Python's own implementation will do, as it does for the module `random`.
    """
    if "hashlib" not in sys.modules:
        name = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
        try:
            own: str = __import__(name).sha256(data).hexdigest()
        except ImportError:
            pass  # a Python that was built without it
        else:
            return own
    import hashlib

    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Mapping[str, Any], includes: Mapping[str, str]) -> bytes:
    """Return the bytes that the digest is taken of; see `compute_digest`."""
    content = {
        "scheme": _SCHEME,
        "value": {k: v for k, v in value.items() if k not in UNVERSIONED_FIELDS},
        "includes": dict(includes),
    }
    try:
        return json.dumps(
            content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise PromptError(f"content has no canonical JSON: {error}") from error


def normalize_fragment(text: str) -> str:
    """Return a fragment's text as it counts: LF line ends, no byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def collect_includes(
    direct: Callable[[str], Iterable[str]], texts: Iterable[str], load: Callable[[str], str]
) -> dict[str, str]:
    """Return every fragment that texts include, transitively, by path.

    Args:
        direct: Finds the paths one text includes.
        texts: The template texts to start from.
        load: Returns the text of a fragment.

    Raises:
        PromptError: The fragments include each other in a circle.
    """
    found: dict[str, str] = {}

    def visit(current: str, chain: tuple[str, ...]) -> None:
        for path in direct(current):
            if path in chain:
                circle = " -> ".join((*chain[chain.index(path) :], path))
                raise PromptError(f"includes go in a circle: {circle}", rule="include-cycle")
            if path not in found:
                found[path] = normalize_fragment(load(path))
                visit(found[path], (*chain, path))

    for text in texts:
        visit(text, ())
    return found
