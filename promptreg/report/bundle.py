"""Puts the page's script modules and style sheets together, without any build tool.

The modules are written as ES modules with one-line or many-line named imports. Here each becomes a
function that returns its exports, because a module script would wait until all data has arrived.
"""

from __future__ import annotations

import functools
import json
import re
from importlib import resources

__all__ = [
    "application",
    "application_style",
    "boot_script",
    "loader_script",
    "module_names",
    "script_of",
    "stylesheet",
]

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w.-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class|let) (\w+))", re.MULTILINE)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STYLE_ROOM = re.compile(r" ?([{};]) ?")
# What the plain page needs stands in the head; the rest comes compressed with the application. Each
# ends with how it is printed, which wins over what it hides.
_PLAIN_STYLES = ("base.css", "layout.css", "parts.css", "print.css")
_STYLES = ("components.css", "charts.css", "diff.css", "contrast.css", "print.css")


@functools.cache
def application(*, live: bool = False) -> str:
    """Return the page's script, without comment lines and indentation; it brings its style.

    Args:
        live: Whether the page may have to say that there is no newer one.
    """
    style = json.dumps(application_style(live=live), ensure_ascii=False)
    made = f'Object.assign(document.createElement("style"), {{ textContent: {style} }})'
    lines = (line.strip() for line in script_of("app.js").splitlines())
    code = (line for line in lines if line and not line.startswith("//"))
    return "\n".join((f"document.head.append({made});", *code, ""))


def script_of(entry: str, ending: str = "") -> str:
    """Return a module with all it needs as one classic script.

    Args:
        entry: The module's file name.
        ending: A statement to run after it, inside the same function.
    """
    parts = [_wrapped(name) for name in module_names(entry)]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + f"{ending}\n}})();\n"


def boot_script(*, live: bool = False) -> str:
    """Return the script that runs in the head, before the first paint.

    Args:
        live: Whether the page reloads itself when its server says so.
    """
    return _asset("boot.js") + (_asset("live.js") if live else "")


def loader_script() -> str:
    """Return the script that unpacks the application and starts it."""
    return _asset("loader.js")


def stylesheet() -> str:
    """Return the plain page's style sheet, which stands in the page as it is."""
    return _style(_PLAIN_STYLES)


def application_style(*, live: bool = False) -> str:
    """Return what the application adds to the plain page's style sheet.

    Args:
        live: Whether the page may have to say that there is no newer one.
    """
    return _style((*_STYLES, "live.css") if live else _STYLES)


@functools.cache
def _style(names: tuple[str, ...]) -> str:
    """Join style sheets, without comments and room."""
    text = _STYLE_COMMENT.sub("", "\n".join(_asset(name) for name in names))
    text = _STYLE_ROOM.sub(r"\1", " ".join(text.split()))
    # A selector never has a blank behind its colon, so that what loses one is a declaration.
    return text.replace(": ", ":").replace(", ", ",").replace(";}", "}").strip()


def module_names(entry: str) -> tuple[str, ...]:
    """Return a module and everything it imports, each after what it needs."""
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for _, needed in _IMPORT.findall(_asset(name)):
            if needed not in ordered:
                visit(needed)
        ordered[name] = None

    visit(entry)
    return tuple(ordered)


def _wrapped(name: str) -> str:
    source = _asset(name)
    exports = ", ".join(exported for _, exported in _EXPORT.findall(source))
    body = _IMPORT.sub(lambda found: f"const {found[1]} = {_variable(found[2])};\n", source)
    body = _EXPORT.sub(r"\1", body)
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _variable(name: str) -> str:
    return "m_" + re.sub(r"\W", "_", name.removesuffix(".js"))


@functools.cache
def _asset(name: str) -> str:
    source = resources.files("promptreg.report") / "assets" / name
    return source.read_text(encoding="utf-8")
