"""Takes the pictures of the report that README and documentation show.

``python benchmarks/report_pictures.py [REPORT.html]`` photographs a report into docs/pictures, a
made-up one by default.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from promptreg.report.html import render
from promptreg.report.output import write_atomically
from tests.report.synthetic import synthetic_report

ROOT = Path(__file__).parents[1]
PAGES = {
    "overview": "",
    "prompt": "#/prompt/support%2Ftriage?tab=charts",
    "compare": "#/compare?view=split",
    "ab": "#/ab?metric=latency",
}


def main() -> None:
    """Photograph each page in the light theme, the overview in the dark one too."""
    from playwright.sync_api import sync_playwright

    target = ROOT / "docs" / "pictures"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        if len(sys.argv) > 1:
            path = Path(sys.argv[1]).absolute()
        else:
            path = Path(folder) / "report.html"
            write_atomically(path, render(synthetic_report()).parts())
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": 1240, "height": 860}, color_scheme=theme, reduced_motion="reduce"
            )
            for name, route in PAGES.items():
                if theme == "dark" and name != "overview":
                    continue
                page = context.new_page()
                page.goto(path.as_uri() + route)
                page.wait_for_selector("html[data-ready]", state="attached")
                page.wait_for_function("() => !document.querySelector('[aria-busy]')")
                page.screenshot(path=target / f"report-{name}-{theme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
