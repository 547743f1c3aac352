"""What the tests of the dashboard share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from dashboard_helpers import APP, CHROMIUM

from trained_environment import SAMPLES


@pytest.fixture(autouse=True)
def only_our_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages read the arguments of their script; those of pytest are not meant for them."""
    monkeypatch.setattr(sys, "argv", [str(APP)])


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    """What one test's server would keep for its visitors does not reach the next test."""
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


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
