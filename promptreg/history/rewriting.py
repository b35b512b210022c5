"""Writing a file of ours anew, such as a label's, while what a person made of it stays."""

from __future__ import annotations

from itertools import takewhile

__all__ = ["rewritten"]


def rewritten(before: bytes | None, entries: bytes) -> bytes:
    """Return a file's new bytes; its leading comments stay, and CRLF where it ends lines so.

    Args:
        before: The file as it was; None where there was none.
        entries: What stands behind the comments, line ends LF.
    """
    lines = (before or b"").removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    comments = takewhile(lambda line: line.startswith(b"#") or not line.strip(), lines)
    head = b"".join(comments).replace(b"\r\n", b"\n")
    # Behind a comment without a line end the first entry would be part of it.
    after = head + (b"\n" if entries and head and not head.endswith(b"\n") else b"") + entries
    return after.replace(b"\n", b"\r\n") if lines and lines[0].endswith(b"\r\n") else after
