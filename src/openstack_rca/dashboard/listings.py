"""What registry and tracking server listed, kept for seconds: a click on a page asks neither again."""

import streamlit as st

from openstack_rca.dashboard.environment import identity
from openstack_rca.service.models import ModelVersion, RunSummary, list_models, list_runs
from openstack_rca.settings import Settings

KEPT_SECONDS = 15
MOST_VERSIONS = 200
MOST_RUNS = 100


def versions(settings: Settings) -> list[ModelVersion]:
    """The versions of the environment, newest first; errors as for ``service.models.list_models``."""
    return _versions(identity(settings), settings)


def runs(settings: Settings, kind: str | None) -> list[RunSummary]:
    """Runs, newest first; errors as for ``service.models.list_runs``."""
    return _runs(identity(settings), kind, settings)


def forget() -> None:
    """Drop the kept lists, because something has changed or may have."""
    _versions.clear()
    _runs.clear()


@st.cache_data(ttl=KEPT_SECONDS, show_spinner=False, max_entries=20)
def _versions(environment: str, _settings: Settings) -> list[ModelVersion]:
    return list_models(_settings, MOST_VERSIONS)


@st.cache_data(ttl=KEPT_SECONDS, show_spinner=False, max_entries=20)
def _runs(environment: str, kind: str | None, _settings: Settings) -> list[RunSummary]:
    return list_runs(_settings, MOST_RUNS, kind)
