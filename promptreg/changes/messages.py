"""Differences between messages, placeholders and fragments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from promptreg.changes.difference import Difference
from promptreg.errors import Location
from promptreg.naming import prompts_folder
from promptreg.prompt import Message, Placeholder, Prompt

__all__ = ["fragment_differences", "message_differences", "same_words"]

_EXPRESSION = re.compile(r"\{\{([-+]?)\s*(.*?)\s*([-+]?)\}\}", re.DOTALL)


def same_words(old: str, new: str) -> bool:
    """Tell whether two texts differ in white space only, blanks in placeholders included."""
    return _words(old) == _words(new)


def message_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    """Yield what differs between the messages of two prompts."""
    yield from _placeholder_differences(old, new)
    before = [m for m in old.messages if isinstance(m, Message)]
    after = [(i, m) for i, m in enumerate(new.messages) if isinstance(m, Message)]
    if Counter(map(_key, old.messages)) == Counter(map(_key, new.messages)):
        if [*map(_key, old.messages)] != [*map(_key, new.messages)]:
            yield Difference("messages-reordered", "the order of messages", new.at("messages"))
        return
    keys_before, keys_after = [*map(_key, before)], [_key(m) for _, m in after]
    matcher = SequenceMatcher(None, keys_before, keys_after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield from _block(new, before[i1:i2], after[j1:j2])


def fragment_differences(
    prompt: Prompt, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield what differs between the fragments that two contents include."""
    root = prompts_folder(prompt.path, prompt.name)
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            detail = f"{path} is no longer included"
            yield Difference("include-changed", detail, prompt.at("messages"))
        elif path not in old:
            yield Difference("include-changed", f"{path} is included", prompt.at("messages"))
        elif old[path] != new[path]:
            spaced = same_words(old[path], new[path])
            rule = "whitespace-changed" if spaced else "include-changed"
            line = _first_difference(old[path], new[path])
            yield Difference(rule, f"text of {path}", Location(f"{root}{path}", line))


def _placeholder_differences(old: Prompt, new: Prompt) -> Iterator[Difference]:
    before = Counter(m.name for m in old.messages if isinstance(m, Placeholder))
    after = Counter(m.name for m in new.messages if isinstance(m, Placeholder))
    for name in before - after:
        yield Difference("placeholder-removed", f"placeholder {name}", new.at("messages"))
    for name in after - before:
        line = next(m.line for m in new.messages if isinstance(m, Placeholder) and m.name == name)
        where = Location(new.path, line) if line else new.at("messages")
        yield Difference("placeholder-added", f"placeholder {name}", where)


def _block(
    prompt: Prompt, removed: list[Message], added: list[tuple[int, Message]]
) -> Iterator[Difference]:
    """Pair the messages of a differing stretch: by role where possible, then by place."""
    rest = list(removed)
    for index, message in added:
        partner = next((m for m in rest if _partners(m, message)), None)
        if partner is None:
            where = _at(prompt, index, message, 1)
            yield Difference("message-added", f"{message.role} message", where)
            continue
        rest.remove(partner)
        yield from _pair(prompt, index, partner, message)
    for message in rest:
        yield Difference("message-removed", f"{message.role} message", prompt.at("messages"))


def _partners(old: Message, new: Message) -> bool:
    return old.role == new.role or same_words(old.content, new.content)


def _pair(prompt: Prompt, index: int, old: Message, new: Message) -> Iterator[Difference]:
    if old.role != new.role:
        where = prompt.at(f"messages.{index}.role")
        yield Difference("message-role-changed", f"{old.role} to {new.role}", where)
    if old.content != new.content:
        spaced = same_words(old.content, new.content)
        rule = "whitespace-changed" if spaced else "message-changed"
        where = _at(prompt, index, new, _first_difference(old.content, new.content))
        yield Difference(rule, f"{new.role} message", where)


def _key(entry: Message | Placeholder) -> tuple[str, str, str]:
    if isinstance(entry, Placeholder):
        return ("placeholder", entry.name, "")
    return ("message", entry.role, entry.content)


def _at(prompt: Prompt, index: int, message: Message, line: int) -> Location:
    if message.line:
        return Location(prompt.path, message.file_line(line))
    return prompt.at(f"messages.{index}.content")


def _first_difference(old: str, new: str) -> int:
    """Return the line of the new text, from 1, at which the texts part."""
    lines = new.split("\n")
    for number, (left, right) in enumerate(zip(old.split("\n"), lines, strict=False), start=1):
        if left != right:
            return number
    return len(lines)


def _words(text: str) -> str:
    return " ".join(_EXPRESSION.sub(r"{{\1\2\3}}", text).split())
