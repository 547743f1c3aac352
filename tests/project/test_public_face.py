"""The public face of the package: what it names, and that the examples of its page run."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import openstack_rca
from openstack_rca.errors import VersionNotFound

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "python.md"


def test_the_face_is_a_contract() -> None:
    """These names and these parameters; a change here is a change for everybody who uses the package."""
    assert sorted(openstack_rca.__all__) == ["__version__", "analyze", "load_model", "read_events", "train"]
    assert dir(openstack_rca) == sorted(openstack_rca.__all__)
    parameters = {
        name: list(inspect.signature(getattr(openstack_rca, name)).parameters)
        for name in openstack_rca.__all__
        if name != "__version__"
    }
    assert parameters == {
        "analyze": ["logs", "issue", "model", "since", "until"],
        "load_model": ["reference"],
        "read_events": ["logs", "timezone"],
        "train": ["logs", "config", "output"],
    }


def test_another_name_is_no_attribute() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="has no attribute 'anything'"):
        _ = openstack_rca.anything  # type: ignore[attr-defined]


def test_the_package_is_imported_without_its_libraries() -> None:
    """``import openstack_rca`` alone loads no library."""
    code = "import sys, openstack_rca; print([n for n in ('polars', 'numpy', 'pydantic', 'click') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_package_carries_its_types() -> None:
    """Type checkers of those who use it read the annotations."""
    assert (ROOT / "src" / "openstack_rca" / "py.typed").is_file()


def test_the_examples_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, in one session, as somebody would type them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "home"))
    session: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        exec(compile(block, str(PAGE), "exec"), session)
    shown = capsys.readouterr().out
    assert "mariadb controller process-down" in shown
    assert "controller/mariadb.log.xz:1" in shown


def test_a_model_that_does_not_exist_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a home where nothing was trained."""
    monkeypatch.setenv("OPENSTACK_RCA_HOME", str(tmp_path / "home"))
    with pytest.raises(VersionNotFound, match="Train one with"):
        openstack_rca.load_model()
