"""The pictures of README and docs, taken of a real report in Chromium.

Run ``make screenshots``: walks through the demo and takes docs/images/*.png of the report it ends
with.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent / "docs" / "images"
# Name, hash route, colour scheme, width and height in CSS pixels.
PICTURES = (
    ("report", "", "light", 1280, 1000),
    ("report-dark", "", "dark", 1280, 1000),
    ("prompt", "/prompt/summarizer?tab=charts", "light", 1280, 1000),
    ("models", "/prompt/summarizer?v=1.1.0&tab=models", "light", 1280, 960),
    ("search", "/prompts?q=text&older=all", "light", 1280, 830),
    ("alerts", "/alerts", "dark", 1280, 480),
    ("compare", "/compare?view=split", "light", 1280, 1000),
    ("ab", "/ab?metric=quality", "light", 1280, 1000),
    ("phone", "", "light", 390, 844),
)
# Without these Chromium asks the network for updates at every start.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    """Take all pictures of a report, by default of the demo's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, help="a report to take them of")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        report = arguments.report or _report_of_demo(Path(folder))
        _take(chromium, report)


def _report_of_demo(folder: Path) -> Path:
    output = folder / "report.html"
    words = [
        sys.executable,
        str(HERE / "demo.py"),
        "--folder",
        str(folder),
        "--output",
        str(output),
    ]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return output


def _take(chromium: str, report: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*SWITCHES])
        for name, route, scheme, width, height in PICTURES:
            page = browser.new_page(
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
            )
            page.goto(f"{report.resolve().as_uri()}#{route}")
            page.wait_for_selector("html[data-ready]", state="attached")
            page.wait_for_function("() => !document.querySelector('[aria-busy]')")
            page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
            print(f"docs/images/{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
