"""Compresses what a report holds of its prompts: deflate without a header, in base64."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

__all__ = ["chunk_of", "chunk_of_json", "chunk_of_prompt", "chunk_of_text", "json_of_chunk"]

_RAW = -15
_LEVEL = 6
_HARDEST = 9
# Few matches among digits are worth their distance. Filtered, deflate leaves the short ones alone:
# columns get a tenth smaller, and trying harder hardly helps. Texts would get larger.
_COLUMNS_LEVEL = 4


def chunk_of(value: Any) -> str:
    """Compress a JSON value."""
    return _base64(_deflated(_json(value)))


def chunk_of_prompt(packed: dict[str, Any]) -> str:
    """Compress a prompt as `promptreg.report.wire_prompt` packs it.

    Args:
        packed: Texts, and columns of numbers under ``columns``.
    """
    texts = {key: value for key, value in packed.items() if key != "columns"}
    # Each part is a deflate stream of its own kind; one that does not end is followed by the next.
    start = _deflated(_json(texts)[:-1] + b',"columns":', end=zlib.Z_FULL_FLUSH)
    return _base64(
        start + _deflated(_json(packed["columns"]) + b"}", _COLUMNS_LEVEL, strategy=zlib.Z_FILTERED)
    )


def chunk_of_text(text: str) -> str:
    """Compress a text that is the same in all reports, as small as can be."""
    return _base64(_deflated(text.encode(), _HARDEST))


def chunk_of_json(text: str) -> str:
    """Compress a prompt's JSON, most of which is digits."""
    data = text.encode("utf-8", "surrogatepass")
    return _base64(_deflated(data, _COLUMNS_LEVEL, strategy=zlib.Z_FILTERED))


def json_of_chunk(chunk: str) -> str:
    """Return what `chunk_of_json` compressed."""
    return zlib.decompress(base64.b64decode(chunk), _RAW).decode("utf-8", "surrogatepass")


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot come from a UTF-8 file, but must not stop a report either.
    return text.encode("utf-8", "replace")


def _deflated(
    data: bytes,
    level: int = _LEVEL,
    *,
    strategy: int = zlib.Z_DEFAULT_STRATEGY,
    end: int = zlib.Z_FINISH,
) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, zlib.DEF_MEM_LEVEL, strategy)
    return packer.compress(data) + packer.flush(end)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
