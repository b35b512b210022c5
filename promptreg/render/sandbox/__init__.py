"""Jinja2 in a sandbox: no Python attribute, no file, no network, no loop without an end.

Importing this package imports jinja2. Beyond jinja2's own sandbox it knows only a list of filters,
reaches items but never attributes, and gives each rendering a budget of steps and characters: a
template reviewed as text must not be able to read or stop the service that renders it.
"""

from __future__ import annotations

from promptreg.render.sandbox.environment import read_facts, render_text

__all__ = ["read_facts", "render_text"]
