"""Who may see the pages: everybody who reaches them, unless Streamlit's secrets file asks for more.

``[auth]`` there turns on Streamlit's own OIDC login, ``[dashboard] password`` a password for all. A file that cannot be
read, or asks for an empty password, closes the pages: a slip of whoever wrote it must not open them.
"""

import hmac
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitSecretNotFoundError

from openstack_rca.dashboard.words import plain
from openstack_rca.errors import ConfigurationError


def require_access() -> None:
    """Return if the visitor may see the page, else draw the login and stop. Raises ConfigurationError: bad secrets file."""
    secrets = _secrets()
    if "auth" in secrets:
        _require_login()
    password = _password(secrets)
    if password:
        _require_password(password)


def _secrets() -> dict[str, Any]:
    try:
        return dict(st.secrets)
    except (StreamlitSecretNotFoundError, OSError, UnicodeError) as error:
        # Streamlit raises the same for a file that is not there and for one that is not TOML.
        there = [path for path in st.get_option("secrets.files") if Path(path).exists()]
        if not there:
            return {}
        raise ConfigurationError(
            f"Streamlit's secrets file {there[0]} cannot be read, so nobody is let in.",
            "Ask who runs the dashboard to correct it and to restart the dashboard.",
        ) from error


def _password(secrets: dict[str, Any]) -> str:
    section = secrets.get("dashboard")
    if section is None:
        return ""
    password = str(section.get("password", "")) if hasattr(section, "get") else ""
    if not password:
        raise ConfigurationError(
            "The section dashboard of Streamlit's secrets file holds no password, so nobody is let in.",
            "Ask who runs the dashboard to add a password, or to remove the section, and to restart it.",
        )
    return password


def _require_login() -> None:
    if getattr(st.user, "is_logged_in", False):
        st.sidebar.text(plain(getattr(st.user, "name", None) or getattr(st.user, "email", None) or "Logged in", 80))
        if st.sidebar.button("Log out", icon=":material/logout:", width="stretch"):
            st.logout()
        return
    st.title("OpenStack RCA")
    if st.button("Log in", type="primary"):
        try:
            st.login()
        except StreamlitAuthError as error:
            raise ConfigurationError(
                f"The login cannot begin: {error}",
                "Ask who runs the dashboard to check the section auth of its secrets.",
            ) from error
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
            st.error("Wrong password.")
    st.stop()
