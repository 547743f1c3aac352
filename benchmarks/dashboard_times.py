"""How long a visitor waits: page loads and interactions of the dashboard on the sample incident, in chromium.

    python benchmarks/dashboard_times.py [--rounds 5] [--pictures docs/images]

Trains a small model in an empty home, serves the dashboard on a free port of this machine, and prints the median and the
longest of each wait in seconds, wall time, the first (cold) one apart. A page counts as loaded when the script is done and
nothing is a placeholder any more. With ``--pictures`` it trains two versions on all samples instead, and writes the
pictures of the documentation anew.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "dashboard")]

from dashboard_helpers import ASK, CHROMIUM, command, serving, settled  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from trained_environment import SAMPLES, make_trained  # noqa: E402

PAGES = ("explore", "models", "train", "runs")
Times = dict[str, list[float]]


@contextmanager
def timed(times: Times, name: str) -> Iterator[None]:
    """Add the seconds of the block."""
    started = time.perf_counter()
    yield
    times[name].append(time.perf_counter() - started)


def visit(browser: Any, address: str, times: Times) -> None:
    """One visitor: the start page, a question, a follow-up, the other pages, a filter."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    with timed(times, "load Ask"):
        page.goto(address)
        page.get_by_role("button", name=ASK).wait_for()
        settled(page)
    with timed(times, "ask, until the verdict"):
        page.get_by_role("button", name=ASK).click()
        page.locator(".st-key-verdict").wait_for()
    with timed(times, "  then until all is drawn"):
        page.get_by_text("Export", exact=True).wait_for()
        settled(page)
    with timed(times, "lines around an evidence line"):
        page.get_by_text("Lines around it").first.click()
        page.locator("code").filter(has_text="> 1").first.wait_for()
    with timed(times, "question about the answer"):
        box = page.get_by_placeholder("Why this?")
        box.fill("why not keystone?")
        box.press("Enter")
        page.get_by_text("comes before it").first.wait_for()
        settled(page)
    for name in PAGES:
        with timed(times, f"go to {name.capitalize()}"):
            page.get_by_role("link", name=name.capitalize(), exact=True).click()
            page.wait_for_url(f"**/{name}*")
            settled(page)
        if name == "explore":
            with timed(times, "Explore: filter by template"):
                box = page.get_by_role("textbox", name="Template holds")
                box.fill("normal shutdown")
                box.press("Enter")
                page.get_by_text(" of 3,142 events").filter(has_not_text="3,142 of").wait_for()
            for tab in ("Over time", "Templates", "Path of a request"):
                with timed(times, f"Explore: {tab}"):
                    page.get_by_role("tab", name=tab).click()
                    page.get_by_role("tab", name=tab, selected=True).wait_for()
                    settled(page)
    page.context.close()


def train_two(home: Path) -> Path:
    """Two versions, trained on all samples by the command line."""
    logs = str(SAMPLES / "normal" / "logs")
    for settings in (["--epochs", "12"], ["--force"]):
        made = command(home, "train", logs, *settings)
        assert made.returncode == 0, made.stderr
    return home


def take_pictures(browser: Any, address: str, folder: Path) -> None:
    """The answer, its timeline with the causal chain, and the versions, as they are shown on a screen of 1280 pixels."""
    page = browser.new_context(viewport={"width": 1280, "height": 888}, color_scheme="light").new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.get_by_role("button", name=ASK).click()
    page.get_by_text("Export", exact=True).wait_for()
    page.mouse.move(0, 0)
    settled(page)
    shoot(page, folder / "dashboard-ask.png")
    page.set_viewport_size({"width": 1280, "height": 1095})
    page.get_by_role("heading", name="Timeline").evaluate("one => one.scrollIntoView()")
    page.locator("[data-testid=stGraphVizChart] svg").wait_for()
    settled(page)
    shoot(page, folder / "dashboard-timeline.png", clip={"x": 300, "y": 0, "width": 980, "height": 1095})
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_role("heading", name="Over the versions").wait_for()
    page.mouse.move(0, 0)
    settled(page)
    shoot(page, folder / "dashboard-models.png")
    page.context.close()


def shoot(page: Any, path: Path, clip: dict[str, int] | None = None) -> None:
    """A picture of what is on the screen, with few colours: it is kept with the sources."""
    page.screenshot(path=str(path), animations="disabled", clip=clip)
    with Image.open(path) as whole:
        few = whole.convert("RGB").quantize(64)
    few.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    rounds = given.rounds
    times: Times = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        home = train_two(Path(folder) / "home") if given.pictures else make_trained(Path(folder)).home
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        started = time.perf_counter()
        with serving(home) as server:
            print(f"from the command to a server that listens: {time.perf_counter() - started:.2f} s")
            for _ in range(rounds):
                visit(browser, server.address, times)
            if given.pictures:
                take_pictures(browser, server.address, given.pictures)
        browser.close()
    print(f"{rounds} visits one after the other; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"{'':<32}{'first':>8}{'median':>8}{'longest':>8}")
    for name, values in times.items():
        later = values[1:] or values
        print(f"{name:<32}{values[0]:>8.2f}{statistics.median(later):>8.2f}{max(later):>8.2f}")


if __name__ == "__main__":
    main()
