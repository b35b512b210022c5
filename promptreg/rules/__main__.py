"""Writes ``docs/rules.md`` to stdout."""

from __future__ import annotations

import sys

from promptreg.rules.book import rules_document

sys.stdout.write(rules_document())
