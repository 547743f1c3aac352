"""Who may see the pages: everybody who reaches them, unless Streamlit's secrets file asks for more.

``[auth]`` there turns on Streamlit's own OIDC login, ``[dashboard] password`` a password for all.
"""

from __future__ import annotations

import hmac
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError


def require_access() -> None:
    """Go on if the visitor may; else draw the way in, and stop the page."""
    secrets = _secrets()
    if "auth" in secrets:
        _require_login()
    password = _password(secrets)
    if password:
        _require_password(password)


def _secrets() -> dict[str, Any]:
    try:
        return dict(st.secrets)
    except StreamlitSecretNotFoundError:
        return {}


def _password(secrets: dict[str, Any]) -> str:
    section = secrets.get("dashboard")
    return str(section.get("password", "")) if section is not None and hasattr(section, "get") else ""


def _require_login() -> None:
    if getattr(st.user, "is_logged_in", False):
        st.sidebar.button("Log out", on_click=st.logout)
        return
    st.title("OpenStack RCA")
    st.button("Log in", type="primary", on_click=st.login)
    st.stop()


def _require_password(password: str) -> None:
    if st.session_state.get("password_given"):
        return
    st.title("OpenStack RCA")
    with st.form("password", border=False):
        given = st.text_input("Password", type="password", key="password_typed")
        if st.form_submit_button("Enter", type="primary"):
            if hmac.compare_digest(given.encode(), password.encode()):
                st.session_state["password_given"] = True
                st.rerun()
            st.error("That is not the password.")
    st.stop()
