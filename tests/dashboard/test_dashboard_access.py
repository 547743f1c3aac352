"""Who is let in: a password, a login, and that a slip in the secrets file closes the pages and does not open them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from dashboard_helpers import APP, HANGS_AFTER_SECONDS, PAGES, open_page, press, words_of
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

OIDC = {"redirect_uri": "http://127.0.0.1:8501/oauth2callback", "cookie_secret": "c", "client_id": "i"}


@pytest.fixture
def secrets_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Writes the secrets file that Streamlit reads."""
    before = config.get_option("secrets.files")
    path = tmp_path / "secrets.toml"

    def write(text: str) -> None:
        path.write_text(text)
        config.set_option("secrets.files", [str(path)])
        monkeypatch.setattr(st, "secrets", Secrets())

    yield write
    config.set_option("secrets.files", before)


def shut(app: AppTest) -> bool:
    """Whether the page shows nothing of the dashboard."""
    return not app.selectbox and not app.sidebar.text and "What went wrong?" not in words_of(app)


def test_a_password_closes_every_page(empty_home: Path) -> None:
    """With a password in Streamlit's secrets nothing is shown before it is given, and a wrong one does not open."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    app.secrets["dashboard"] = {"password": "right"}
    app.run()
    assert shut(app)
    for name in PAGES[1:]:
        assert shut(app.switch_page(f"screens/{name}.py").run())
    app = app.switch_page("screens/ask.py").run()
    app.text_input[0].set_value("wrong")
    app = press(app, "Enter")
    assert "Wrong password." in words_of(app)
    assert shut(app)
    app.text_input[0].set_value("right")
    app = press(app, "Enter")
    assert "What went wrong?" in words_of(app)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[dashboard\npassword = right", "cannot be read"),
        ('[dashboard]\npassword = ""', "holds no password"),
        ('[dashboard]\npasword = "right"', "holds no password"),
        ('dashboard = "right"', "holds no password"),
    ],
)
def test_a_slip_in_the_secrets_file_lets_nobody_in(
    empty_home: Path, secrets_file: Callable[[str], None], text: str, told: str
) -> None:
    """Whoever wrote a password meant to close the pages: where it cannot be made out, they stay closed, and say why."""
    secrets_file(text)
    app = open_page()
    assert shut(app)
    assert told in str(app.error[0].value)


def test_other_secrets_close_nothing(empty_home: Path, secrets_file: Callable[[str], None]) -> None:
    """A secrets file without our sections, or none at all, leaves the pages open."""
    secrets_file('[other]\nkey = "value"')
    assert "What went wrong?" in words_of(open_page())


def test_a_login_closes_every_page(empty_home: Path) -> None:
    """With OpenID Connect in the secrets a visitor sees the way in only; that it cannot begin is a sentence."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    app.secrets["auth"] = OIDC
    app.run()
    assert shut(app)
    app = press(app, "Log in")
    assert shut(app)
    assert not app.exception
    assert "The login cannot begin" in str(app.error[0].value)


def test_who_is_logged_in_sees_the_pages_and_can_log_out(empty_home: Path) -> None:
    """The name stands in the sidebar, as text."""
    app = AppTest.from_file(str(APP), default_timeout=HANGS_AFTER_SECONDS)
    app.secrets["auth"] = OIDC
    app.user = {"is_logged_in": True, "name": "**Ada**"}
    app.run()
    assert "What went wrong?" in words_of(app)
    assert "**Ada**" in [text.value for text in app.sidebar.text]
    assert "Log out" in [button.label for button in app.sidebar.button]
