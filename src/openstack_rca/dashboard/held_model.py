"""The model that a visitor's pages work with: opened once a session, changed by "Refresh model", drawn in the sidebar."""

from dataclasses import dataclass

import streamlit as st

from openstack_rca.dashboard import listings
from openstack_rca.dashboard.environment import identity
from openstack_rca.dashboard.words import ago, prose
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.model_choice import OpenModel, open_model
from openstack_rca.service.model_watch import ModelWatch, watch_model
from openstack_rca.settings import Settings

WATCH_SECONDS = 15
_KEY = "held_model"


@dataclass(frozen=True)
class HeldModel:
    """The open model, or none; ``problem`` holds the error, if one prevented opening it."""

    model: OpenModel
    environment: str
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is a model at all."""
        return self.model.file is not None

    @property
    def nothing_trained(self) -> bool:
        """Whether there is none because none was ever trained here."""
        return not self.is_there and not self.problem


def held_model(settings: Settings) -> HeldModel:
    """The model of this session; the first call opens the latest."""
    held = st.session_state.get(_KEY)
    if not isinstance(held, HeldModel) or held.environment != identity(settings):
        held = refresh(settings)
    return held


def refresh(settings: Settings) -> HeldModel:
    """Open the latest version now. An error is not raised but kept as ``problem``: logs can be read without a model."""
    _watch.clear()
    listings.forget()
    try:
        held = HeldModel(open_model("latest", settings), identity(settings))
    except OpenStackRcaError as error:
        held = HeldModel(open_model("none", settings), identity(settings), str(error))
    st.session_state[_KEY] = held
    return held


def draw_model(settings: Settings) -> None:
    """Draw the model in the sidebar, with the button that refreshes it."""
    held = held_model(settings)
    with st.sidebar.container(key="sidebar-model"):
        st.caption("Model")
        _draw_facts(held, settings)
        if st.button("Refresh model", icon=":material/refresh:", width="stretch", help="Take the latest version now."):
            before = held.model.used.version
            held = refresh(settings)
            if held.model.used.version == before:
                st.toast("It is the latest version already." if held.is_there else "There is still no version.")
            else:
                st.rerun()


def draw_notices(settings: Settings) -> None:
    """Draw notices about the model: problems, newer versions, a yank."""
    held = held_model(settings)
    _draw_notices(held, watch(settings, held))


def watch(settings: Settings, held: HeldModel) -> ModelWatch:
    """What registry and store say of the model; the answer is kept for ``WATCH_SECONDS``."""
    version = held.model.used.version
    return _watch(identity(settings), version, held, settings)


@st.cache_data(ttl=WATCH_SECONDS, show_spinner=False, max_entries=100)
def _watch(environment: str, version: str | None, _held: HeldModel, _settings: Settings) -> ModelWatch:
    return watch_model(_settings, _held.model.stored)


def _draw_facts(held: HeldModel, settings: Settings) -> None:
    used, stored = held.model.used, held.model.stored
    if not held.is_there:
        st.text("no model")
        st.caption(f"Environment {prose(settings.experiment_name)}")
        return
    st.text(f"{used.name}, version {used.version}")
    source = "pinned" if stored is not None and stored.pinned else ""
    origin = {"store": "fresh from the store", "cache": "from the cache of this server"}.get(used.source, "from a file")
    created = f"trained {ago(stored.created)}, " if stored is not None else ""
    if source:
        st.badge("pinned", icon=":material/keep:", color="violet")
    st.caption(prose(f"{created}read {origin}".capitalize()))
    st.caption(f"Digest {prose(used.digest[:12])}")
    st.caption(f"Environment {prose(settings.experiment_name)}")


def _draw_notices(held: HeldModel, seen: ModelWatch) -> None:
    if held.problem:
        st.error(prose(held.problem))
    for text in held.model.notices if held.is_there else ():
        st.info(prose(text))
    version = held.model.stored.version if held.model.stored else None
    if seen.latest is not None and seen.latest != version:
        kind = "is pinned now" if seen.pinned else "is the latest now"
        st.warning(f"Version {seen.latest:d} {prose(kind)}. Press Refresh model to use it.")
    if seen.yanked is not None and not any("yanked" in text for text in held.model.notices):
        st.warning(f"This version was yanked: {prose(seen.yanked)}")
    for text in seen.problems:
        if text != held.problem:
            st.warning(prose(text))
    if seen.problems and held.is_there:
        st.caption(
            "The model that is open goes on answering. The command openstack-rca doctor checks every connection."
        )
