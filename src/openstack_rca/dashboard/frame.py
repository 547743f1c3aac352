"""What every page has around it: the way in, the sidebar, and the outermost boundary for errors."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from openstack_rca.dashboard.access import require_access
from openstack_rca.dashboard.environment import current_settings
from openstack_rca.dashboard.held_model import draw_model, draw_notices
from openstack_rca.dashboard.words import prose, sentence
from openstack_rca.errors import OpenStackRcaError
from openstack_rca.service.places import keep_trace
from openstack_rca.settings import Settings

NOTICES_RENEWED_SECONDS = 30.0
"""A page that stays open for hours tells of a newer version, or of a lost connection, without being touched."""
STYLE = (Path(__file__).resolve().parent / "style.css").read_text(encoding="utf-8")


def draw_page(draw: Callable[[Settings], None]) -> None:
    """Draw a page in its frame. An error in it is shown as a sentence with advice, never as a stack trace."""
    st.html(STYLE)
    guard(_draw, draw)


def _draw(draw: Callable[[Settings], None]) -> None:
    require_access()
    settings = current_settings()
    draw_model(settings)
    guard(draw, settings)
    # Last, so that a registry that is slow to answer keeps nobody from the page.
    with st.sidebar.container(key="sidebar-notices"):
        _notices(settings)


@st.fragment(run_every=NOTICES_RENEWED_SECONDS)
def _notices(settings: Settings) -> None:
    guard(draw_notices, settings)


def guard(draw: Callable[..., None], *arguments: object) -> None:
    """Call ``draw`` and show any exception on the page as a sentence. Fragments and dialogs use it too."""
    try:
        draw(*arguments)
    except OpenStackRcaError as error:
        st.error(sentence(error))
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a visitor never sees a bare stack trace
        st.error(
            prose(
                f"Something unexpected went wrong ({type(error).__name__}). {keep_trace()} Load the page again to go on."
            )
        )
