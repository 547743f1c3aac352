"""A person at a browser: chromium before a dashboard that the command line serves. Pictures go to test-artifacts/."""

import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from dashboard_helpers import (
    ASK,
    HANGS_AFTER_SECONDS,
    INCIDENT,
    PAGES,
    Server,
    command,
    hostile_logs,
    serving,
    settled,
    shoot,
)

from trained_environment import QUICK, SAMPLES, Trained, copy_home

PATIENCE = 600_000
"""Milliseconds for a whole training on a busy machine."""
ZONE = "Europe/Paris"
"""Where the visitors are."""
UPLOAD_LIMIT = 32 * 1024**2
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TELEPHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
"""Streamlit folds its menu away after a choice where the browser says that it is a telephone's."""
HEADINGS = {"explore": "Explore the logs", "models": "Models", "train": "Train a version", "runs": "Runs"}
FIRST_STOP, MOST_STOPS = "Skip to main content", 200
STILL = "* { transition: none !important; animation: none !important; }"
FOCUSED = """
() => {
  const look = one => { const s = getComputedStyle(one); return [s.outline, s.boxShadow, s.border, s.backgroundColor, s.color].join(); };
  const before = window.focusedBefore;
  const ringed = !before || before.parts.map(look).join() !== before.look;
  const left = before?.name;
  const one = document.activeElement;
  if (one === document.body) { window.focusedBefore = null; return { left, ringed, name: null, tag: null }; }
  const label = one.labels?.[0] || one.closest('label');
  const parts = label ? [...label.querySelectorAll('*')] : [];
  for (let part = one; part && parts.length < 100 && !part.matches('[data-testid=stMain]'); part = part.parentElement) parts.push(part);
  if (one.matches('[data-testid=stMain]')) parts.push(one);
  const described = one.getAttribute('aria-labelledby')?.split(' ').map(id => document.getElementById(id)?.innerText).join(' ');
  const name = one.ariaLabel || described || label?.innerText || one.innerText || one.title || one.placeholder || '';
  window.focusedBefore = { parts, name, look: parts.map(look).join() };
  return { left, ringed, name, tag: one.outerHTML.slice(0, 200) };
}
"""
"""Name of what has the focus now; whether what had it at the last call looks otherwise now that it has lost it."""
WIDER_THAN_THE_SCREEN = """
width => [...document.querySelectorAll('[data-testid=stMain] *')]
  .filter(one => one.getBoundingClientRect().right > width + 1)
  .filter(one => !one.closest('[data-testid=stDataFrame], pre, [role=tablist], input[type=range]'))
  .filter(one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map(one => one.dataset.testid || one.tagName).slice(0, 5)
"""
"""What of a page reaches beyond the screen; tables and code scroll within their own place, a slider's input is not drawn."""
UNDER_THE_TOOLS_OF_A_TABLE = """
() => {
  const shown = one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const over = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const used = [...document.querySelectorAll('[data-testid=stMain] :is([role=tab], button, input, a)')].filter(shown);
  return [...document.querySelectorAll('[data-testid=stElementToolbar]')].filter(shown).flatMap(tools => used
    .filter(one => !tools.contains(one) && over(tools.getBoundingClientRect(), one.getBoundingClientRect()))
    .map(one => one.textContent || one.ariaLabel || one.tagName));
}
"""
"""What of a page cannot be touched because the tools of a table lie over it; they are always shown where there is no mouse."""


@pytest.fixture(scope="module")
def module_home(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the tests of this module may change together."""
    return copy_home(trained, tmp_path_factory.mktemp("browser") / "home")


@pytest.fixture(scope="module")
def server(module_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One dashboard for those tests that leave no trace in each other's way."""
    logs = tmp_path_factory.mktemp("logs")
    shutil.copytree(SAMPLES / "incidents" / INCIDENT / "logs", logs / "incident")
    hostile_logs(logs / "hostile")
    with serving(module_home, "--root", str(logs), OPENSTACK_RCA_UPLOAD_SIZE_BYTES=str(UPLOAD_LIMIT)) as started:
        yield started
    assert list((module_home / "uploads").glob("*")) == [], "uploads go with the server at the latest"


def open_tab(browser: Any, server: Server, size: dict[str, int] = WIDE, path: str = "", scheme: str = "light") -> Any:
    """A visitor of their own; the tab is ready when the page has been drawn to its end, so that a press meets no redrawing."""
    telephone = {"is_mobile": True, "has_touch": True, "user_agent": TELEPHONE} if size == NARROW else {}
    context = browser.new_context(viewport=size, color_scheme=scheme, timezone_id=ZONE, **telephone)
    page = context.new_page()
    page.set_default_timeout(HANGS_AFTER_SECONDS * 1000)
    page.outside = []
    page.on("request", lambda request: page.outside.append(request.url) if leaves(request.url) else None)
    page.goto(server.address + path)
    page.get_by_role("heading", level=1).wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page


def leaves(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


def ask_the_sample(page: Any) -> None:
    """Press, and again where the press met a redrawing of the page and was lost: the button still stands there then."""
    # Without a browser these tests are skipped, and the library need not be installed.
    from playwright.sync_api import TimeoutError as NothingCame

    button, answer = page.get_by_role("button", name=ASK), page.get_by_text("Export", exact=True)
    button.click()
    with suppress(NothingCame):
        answer.wait_for(timeout=HANGS_AFTER_SECONDS * 500)
    if button.is_visible():
        button.click()
    answer.wait_for()


def choose_path(page: Any, text: str) -> None:
    """Type a path into the chooser."""
    page.get_by_text("Server path", exact=True).click()
    box = page.get_by_role("combobox", name="File, folder or glob")
    box.fill(text)
    box.press("Enter")


def ask(page: Any, question: str) -> None:
    box = page.get_by_placeholder("What is wrong?")
    box.fill(question)
    box.press("Enter")


def test_a_question_on_a_sample_incident_shows_the_cause(browser: Any, server: Server, tmp_path: Path) -> None:
    """From the start page to the cause in one click, with all of its parts drawn, and nothing fetched from outside.

    Its downloads arrive as files with the cause in them; a follow-up on the same logs is answered beside it.
    """
    page = open_tab(browser, server)
    ask_the_sample(page)
    verdict = page.locator(".st-key-verdict")
    assert "mariadb" in verdict.inner_text()
    assert f"04:17:22 UTC (05:17:22 {ZONE})" in verdict.inner_text()
    page.get_by_text("controller/mariadb.log.xz:").first.wait_for()
    page.get_by_text("Lines around it").first.click()
    page.get_by_text(">").first.wait_for()
    page.locator("[data-testid=stGraphVizChart] svg").wait_for()
    page.locator(
        "[data-testid=stVegaLiteChart] svg:visible, [data-testid=stVegaLiteChart] canvas:visible"
    ).first.wait_for()
    for label, suffix in (("HTML", ".html"), ("Markdown", ".md"), ("JSON", ".json")):
        with page.expect_download() as arriving:
            page.get_by_role("button", name=label, exact=True).click()
        target = tmp_path / f"report{suffix}"
        arriving.value.save_as(target)
        assert arriving.value.suggested_filename.endswith(suffix)
        assert "mariadb" in target.read_text()
    shoot(page, "ask")
    follow = page.get_by_placeholder("Why this?")
    follow.fill("why not keystone?")
    follow.press("Enter")
    page.get_by_text("mariadb on controller comes before it").wait_for()
    link = page.url
    assert "report=" in link
    page.reload()
    page.get_by_text("mariadb on controller comes before it").wait_for()
    shoot(page, "conversation")
    page.get_by_text("New question, or other logs").click()
    ask(page, "volumes cannot be attached")
    page.get_by_text("Other questions of this session").wait_for()
    assert page.url != link
    assert page.outside == []
    page.context.close()


def test_an_uploaded_archive_is_answered_and_seen_by_its_visitor_only(
    browser: Any, server: Server, module_home: Path
) -> None:
    """A tar of logs is analysed; another visitor is not offered it; with the session its files go."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.add(SAMPLES / "incidents" / INCIDENT / "logs", arcname="logs")
    page = open_tab(browser, server)
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "logs.tar.gz", "mimeType": "application/gzip", "buffer": archive.getvalue()}
    )
    page.get_by_text(" MB.").wait_for()
    ask(page, "Database connection timeout")
    page.get_by_text("Export", exact=True).wait_for()
    assert "mariadb" in page.locator(".st-key-verdict").inner_text()
    shoot(page, "upload")
    other = open_tab(browser, server, path="explore")
    other.get_by_role("tab", name="Table").wait_for()
    assert "logs.tar.gz" not in other.content()
    assert len(list((module_home / "uploads").iterdir())) == 1
    other.context.close()
    page.context.close()


def test_what_is_not_taken_is_refused_in_a_sentence(browser: Any, server: Server) -> None:
    """A damaged archive, one that holds more than the bound, a path outside of the roots: each says so, and the way on."""
    bomb = io.BytesIO()
    with tarfile.open(fileobj=bomb, mode="w:gz") as packed:
        member = tarfile.TarInfo("nova-api.log")
        member.size = UPLOAD_LIMIT + 1
        packed.addfile(member, io.BytesIO(b"a line\n" * (member.size // 7 + 1)))
    page = open_tab(browser, server)
    page.get_by_text("Upload", exact=True).first.click()
    for content, told in (
        (bomb.getvalue()[:10], "is damaged or cut off"),
        (bomb.getvalue(), "more than 32 MB when it is unpacked"),
    ):
        page.locator("input[type=file]").set_input_files(
            {"name": "logs.tar.gz", "mimeType": "application/gzip", "buffer": content}
        )
        page.get_by_role("alert").filter(has_text=told).wait_for()
        page.get_by_role("button", name="Remove").first.click()
        page.get_by_role("alert").first.wait_for(state="detached")
    choose_path(page, "/etc/passwd")
    page.get_by_role("alert").filter(has_text="is not below a folder whose logs may be read here").wait_for()
    page.context.close()


def test_a_hostile_log_line_is_only_text(browser: Any, server: Server) -> None:
    """Script tags, Markdown and escapes are shown, not obeyed: on the answer, and in the table of the logs."""
    page = open_tab(browser, server)
    choose_path(page, "hostile")
    ask(page, "nothing can be created")
    page.get_by_text("Export", exact=True).wait_for()
    page.get_by_text("<script>window.harmed=1</script>").first.wait_for()
    page.get_by_text("Lines around it").first.click()
    page.get_by_text("What happened, in order").click()
    shoot(page, "hostile")
    page.get_by_role("link", name="Explore", exact=True).click()
    page.get_by_role("tab", name="Table").wait_for()
    page.get_by_role("tab", name="Path of a request").click()
    shoot(page, "hostile-explore")
    assert page.evaluate("window.harmed") is None
    assert page.locator("img[src='x'], a[href*='evil.invalid'], img[src*='evil.invalid']").count() == 0
    assert page.outside == []
    page.context.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_the_screen(browser: Any, server: Server, size: dict[str, int], scheme: str) -> None:
    """At 1280 and at 390 pixels nothing is wider than the screen or covered, in both themes; no page has a serious barrier."""
    page = open_tab(browser, server, size, "", scheme)
    ask_the_sample(page)
    for name in PAGES:
        if name != "ask":
            go_to(page, name)
        shoot(page, f"{name}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        assert page.evaluate(WIDER_THAN_THE_SCREEN, size["width"]) == [], name
        assert page.evaluate(UNDER_THE_TOOLS_OF_A_TABLE) == [], name
        assert barriers(page) == [], name
    page.context.close()


def test_on_a_telephone_the_checks_come_within_three_screens(browser: Any, server: Server) -> None:
    """The page begins with the answer: verdict, why, proof, what to do, checks."""
    page = open_tab(browser, server, NARROW)
    ask_the_sample(page)
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    last = page.get_by_text("journalctl -u mariadb").last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] < 3 * NARROW["height"]
    page.context.close()


def test_a_question_is_asked_and_read_without_a_mouse(browser: Any, server: Server) -> None:
    """Tab leads to each thing that can be used, it shows where it is, each has a name, and Enter asks.

    What a screen reader is told: the page has one first heading, its parts have headings, the chart says what it shows.
    """
    page = open_tab(browser, server)
    page.get_by_role("button", name=ASK).wait_for()
    settled(page)
    page.add_style_tag(content=STILL)
    stops = walk(page)
    assert ASK in stops[-1], stops
    box = page.get_by_placeholder("What is wrong?")
    box.focus()
    page.keyboard.type("nothing can be created")
    page.keyboard.press("Enter")
    page.get_by_text("Export", exact=True).wait_for()
    settled(page)
    stops = walk(page)
    for stop in (
        "journalctl -u mariadb",
        "Copy to clipboard",
        "Why this?",
        "Lines around it",
        "Open in Explore",
        "HTML",
    ):
        assert any(stop in name for name in stops), (stop, stops)
    assert page.get_by_role("heading", level=1).count() == 1
    for part in ("What to do", "Ask about this answer", "Timeline", "Causal chain"):
        page.get_by_role("heading", name=part, exact=True).wait_for()
    page.get_by_label("Events, errors and anomaly scores of each component over time").first.wait_for()
    follow = page.get_by_placeholder("Why this?")
    follow.focus()
    page.keyboard.type("since when?")
    page.keyboard.press("Enter")
    page.get_by_text(f"since 2026-11-23 04:17:22 UTC (05:17:22 {ZONE})").nth(1).wait_for()
    page.context.close()


def walk(page: Any) -> list[str]:
    """The names of all stops of the Tab key from the top of the page to its end; each has one, and shows that it has the focus."""
    page.evaluate("document.querySelector('[data-testid=stSkipToContent]').focus()")
    stops: list[str] = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        assert found["ringed"], f"{found['left']} shows that it has the focus"
        if found["name"] == FIRST_STOP:
            return stops
        if found["name"] is not None:
            assert found["name"].strip(), f"{found['tag']} has a name"
            stops.append(found["name"])
    raise AssertionError(f"more than {MOST_STOPS} stops: {stops}")


def barriers(page: Any) -> list[tuple[str, str]]:
    """What axe calls serious or critical in our part of a page: contrast, names of buttons and fields, order of headings."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page, context="[data-testid=stMain]").response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]


def go_to(page: Any, name: str) -> None:
    """Another page by the menu, which is folded away on a narrow screen."""
    link = page.get_by_role("link", name=name.capitalize(), exact=True)
    if page.viewport_size["width"] < WIDE["width"]:
        page.get_by_test_id("stExpandSidebarButton").click()
    link.click()
    page.wait_for_url(f"**/{name}*")
    page.get_by_role("heading", level=1).filter(has_text=HEADINGS[name]).wait_for()
    if page.viewport_size["width"] < WIDE["width"]:
        # A choice in the menu folds it away again.
        page.locator("[data-testid=stSidebar][data-collapsed=true]").wait_for(state="attached")


def test_a_version_from_the_command_line_looks_preselected_up_yanked_and_rolled_back(
    browser: Any, trained: Trained, tmp_path: Path
) -> None:
    """The page says that a newer version is there, and "Refresh model" takes it: both show the same one then.

    Yanked on the page, it is no longer the latest on either side; let in again on the command line and rolled back from on
    the page, with a reason, the version before it is the one that both use.
    """
    home = copy_home(trained, tmp_path / "home")
    with serving(home) as server:
        page = open_tab(browser, server)
        page.get_by_text("lstm_model, version 1").wait_for()
        made = command(home, "train", str(trained.logs), *QUICK, "--force")
        assert made.returncode == 0, made.stderr
        page.get_by_role("button", name="Refresh model").click()
        page.get_by_text("lstm_model, version 2").wait_for()
        assert latest(home) == 2
        shoot(page, "refreshed")
        go_to(page, "models")
        change(page, "Yank", "learned from a bad day")
        page.get_by_text("lstm_model, version 1").wait_for()
        assert latest(home) == 1
        shoot(page, "yanked")
        assert command(home, "models", "unyank", "2").returncode == 0
        page.get_by_role("button", name="Refresh model").click()
        page.get_by_text("lstm_model, version 2").wait_for()
        change(page, "Roll back", "version 2 is noisy")
        page.get_by_text("lstm_model, version 1").wait_for()
        page.get_by_text("Version 1 is pinned").first.wait_for()
        assert latest(home) == 1
        shoot(page, "rolled-back")
        page.context.close()


def latest(home: Path) -> int:
    """What the command line calls the latest version."""
    shown = command(home, "models", "show", "latest", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    return int(json.loads(shown.stdout)["version"])


def test_a_first_visit_trains_on_the_samples_in_place(browser: Any, tmp_path: Path) -> None:
    """No model; one press; the tab is closed; it goes on all the same; then both sides have the model."""
    home = tmp_path / "home"
    with serving(home) as server:
        page = open_tab(browser, server)
        page.get_by_text("There is no model yet").wait_for()
        shoot(page, "first-visit")
        page.get_by_role("button", name="Train on the samples").click()
        page.get_by_role("button", name="Stop the training").wait_for()
        shoot(page, "first-training")
        page.context.close()
        page = open_tab(browser, server)
        page.get_by_text("lstm_model, version 1").wait_for(timeout=PATIENCE)
        page.get_by_text("There is no model yet").wait_for(state="detached")
        assert latest(home) == 1
        shoot(page, "first-trained")
        page.context.close()


def test_a_lost_store_is_told_and_the_model_stays(browser: Any, trained: Trained, tmp_path: Path) -> None:
    """The store is gone: the sidebar says so in words, and a question is still answered with the model from the cache."""
    home = copy_home(trained, tmp_path / "home")
    shutil.move(home / "artifacts", tmp_path / "moved-away")
    with serving(home) as server:
        page = open_tab(browser, server)
        page.get_by_text("lstm_model, version 1").wait_for()
        page.locator("[data-testid=stSidebar] [role=alert]").first.wait_for()
        page.get_by_text("The model that is open goes on answering").wait_for()
        ask_the_sample(page)
        assert "mariadb" in page.locator(".st-key-verdict").inner_text()
        shoot(page, "lost-store")
        page.context.close()


def change(page: Any, label: str, reason: str) -> None:
    """Open what the button would do, give the reason, confirm."""
    page.get_by_role("button", name=label, exact=True).click()
    box = page.get_by_role("textbox", name="Reason")
    box.fill(reason)
    box.press("Tab")
    page.get_by_role("button", name="Do it").click()
