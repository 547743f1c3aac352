"""What the tests of the dashboard share."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from dashboard_helpers import APP, CHROMIUM

from openstack_rca.dashboard.prepared_logs import shared_shelf
from trained_environment import SAMPLES


@pytest.fixture(autouse=True)
def only_our_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages read the arguments of their script; those of pytest are not meant for them."""
    monkeypatch.setattr(sys, "argv", [str(APP)])


@pytest.fixture(autouse=True)
def main_module_put_back() -> Iterator[None]:
    """Streamlit makes a page the main module and leaves it there; processes that other tests start would run it again."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session", autouse=True)
def no_search_for_components() -> Iterator[None]:
    """Streamlit's test driver reads the metadata of every installed package for each app; the pages use no components."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        yield


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    """What one test's server would keep for its visitors does not reach the next test, but for the samples as read.

    Those are kept by their files and by the digest of the model, and every visitor gets them with the model that they hold.
    """
    yield
    read = dict(shared_shelf().items)
    st.cache_data.clear()
    st.cache_resource.clear()
    samples = str(SAMPLES)
    shared_shelf().items.update({key: kept for key, kept in read.items() if key.startswith(samples)})


@pytest.fixture
def nothing_read() -> None:
    """No logs were read before."""
    shared_shelf().items.clear()


@pytest.fixture
def open_samples(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The dashboard may read the samples."""
    monkeypatch.setenv("OPENSTACK_RCA_LOG_ROOTS", str(SAMPLES))
    return SAMPLES


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, driven by Playwright."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: install Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()
