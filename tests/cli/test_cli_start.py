"""An answer does not wait for libraries that it does not need."""

import json
import os
import sys
from pathlib import Path

import pytest
from cli_helpers import LOGS, run_process

import openstack_rca
from openstack_rca.cli.main import suit_the_allocator
from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.shipped import read_yaml, shipped_yaml

ASK = """
import json, sys
from openstack_rca.cli.main import cli, run
status = run(cli, {words!r})
heavy = ("keras", "jax", "tensorflow", "torch", "matplotlib", "mlflow", "streamlit", "pandas", "scipy")
print(json.dumps([status, [name for name in heavy if name in sys.modules]]), file=sys.stderr)
"""

ANSWER = """
import json, sys
from openstack_rca.service.analysis import analyze
from openstack_rca.settings import load_settings
outcome = analyze([{logs!r}], "401 on every call", settings=load_settings())
heavy = ("keras", "jax", "tensorflow", "torch", "matplotlib", "mlflow", "pandas", "scipy")
print(json.dumps([outcome.model.version, [name for name in heavy if name in sys.modules]]), file=sys.stderr)
"""


def last_line(code: str, home: Path, tmp_path: Path, **variables: str) -> list[object]:
    result = run_process("-c", code, command=[sys.executable], cwd=tmp_path, OPENSTACK_RCA_HOME=home, **variables)
    assert result.status == 0, result.err
    found: list[object] = json.loads(result.err.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "words",
    [
        ["models", "list"],
        ["models", "show"],
        ["runs", "list"],
        ["analyze", LOGS, "--issue", "x", "--disable-mlflow"],
    ],
    ids=lambda words: " ".join(words).replace(LOGS, "LOGS"),
)
def test_a_command_loads_no_heavy_library(home: Path, tmp_path: Path, words: list[str]) -> None:
    """Keras, JAX, matplotlib and MLflow cost a second or more each; none is loaded."""
    assert last_line(ASK.format(words=words), home, tmp_path) == [0, []]


@pytest.mark.parametrize(("words", "lasts"), [(["watch"], True), (["models", "list"], False)])
def test_what_goes_on_gives_freed_memory_back_sooner_than_what_ends_soon(
    words: list[str], lasts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", openstack_rca.ALLOCATOR)
    suit_the_allocator(words)
    assert (os.environ["_RJEM_MALLOC_CONF"] == openstack_rca.ALLOCATOR) == lasts


def test_the_users_own_options_of_the_allocator_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RJEM_MALLOC_CONF", "narenas:3")
    suit_the_allocator(["models", "list"])
    assert os.environ["_RJEM_MALLOC_CONF"] == "narenas:3"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["help"], ["completion", "bash"]], ids=" ".join)
def test_what_needs_no_data_loads_no_data_library(home: Path, tmp_path: Path, words: list[str]) -> None:
    """Help, version and completion import neither Polars nor NumPy nor pydantic nor obstore."""
    code = ASK.format(words=words).replace('"keras", ', '"keras", "polars", "numpy", "pydantic", "obstore", "rich", ')
    assert last_line(code, home, tmp_path) == [0, []]


def test_the_help_of_no_command_loads_a_data_library(tmp_path: Path) -> None:
    """Nor does what the shell asks for completion: options are made without what they lead to."""
    code = (
        "import click, json, sys\n"
        "from openstack_rca.cli.main import cli\n"
        "def walk(command, context):\n"
        "    command.get_help(context)\n"
        "    command.shell_complete(context, '--')\n"
        "    for name in command.list_commands(context) if isinstance(command, click.Group) else ():\n"
        "        walk(command.get_command(context, name), click.Context(command, info_name=name, parent=context))\n"
        "walk(cli, click.Context(cli))\n"
        "print(json.dumps([name for name in ('polars', 'numpy', 'yaml', 'obstore') if name in sys.modules]), file=sys.stderr)"
    )
    assert last_line(code, tmp_path / "home", tmp_path) == []


def test_completing_the_name_of_a_command_imports_no_command(tmp_path: Path) -> None:
    code = (
        "import click, json, sys\n"
        "from openstack_rca.cli.main import cli\n"
        "names = [item.value for item in cli.shell_complete(click.Context(cli), 'mo')]\n"
        "print(json.dumps([*names, *(name for name in sys.modules if name.endswith('cli.models'))]), file=sys.stderr)"
    )
    assert last_line(code, tmp_path / "home", tmp_path) == ["models"]


LIBRARIES = (
    "rich", "pydantic", "polars", "numpy", "yaml", "h5py", "obstore", "keras", "jax", "tensorflow", "torch", "matplotlib",
    "mlflow", "streamlit", "pandas", "scipy", "jinja2", "urllib.request", "asyncio", "pydantic_settings", "openstack_rca.lifecycle.mlflow",
    "openstack_rca.rca", "openstack_rca.logs", "openstack_rca.model", "openstack_rca.service.sending_runs",
    "openstack_rca.rca.render.timeline_plot",
)  # fmt: skip
"""Those whose import costs from a hundredth of a second (rich) to seconds (Keras, MLflow), and rooms of our own."""
FACTS = ["rich", "pydantic"]
TABLES = [*FACTS, "polars", "numpy"]
VERSIONS = [*FACTS, "openstack_rca.lifecycle.mlflow"]
RULES = ["openstack_rca.rca", "openstack_rca.logs", "openstack_rca.model"]


@pytest.fixture(scope="module")
def compiled() -> None:
    """The rules and tables of the program are kept compiled, as in a wheel or from the second start of a checkout on."""
    load_catalogue()
    package = Path(openstack_rca.__file__).parent
    for path in package.rglob("*.yaml"):
        if "signatures" not in path.parts:
            room = ".".join(path.parent.relative_to(package.parent).parts)
            shipped_yaml(room, path.name)
            assert shipped_yaml(room, path.name) == read_yaml(path)


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("words", "imported"),
    [
        (["models", "list"], VERSIONS),
        (["models", "verify"], VERSIONS),
        (["runs", "list"], VERSIONS),
        (["cache", "list"], [*FACTS, "polars", "openstack_rca.logs"]),
        (["logs", "inspect", LOGS], [*TABLES, *RULES]),
        (["analyze", LOGS, "--model", "none", "--disable-mlflow"], [*TABLES, *RULES]),
    ],
    ids=lambda given: " ".join(given).replace(LOGS, "LOGS"),
)
def test_a_command_imports_these_libraries(
    empty_home: Path, tmp_path: Path, words: list[str], imported: list[str]
) -> None:
    """The whole list, so that one that a command begins to import is seen."""
    code = ASK.format(words=words).replace('("keras", "jax"', f'{LIBRARIES} + ("keras", "jax"')
    status, loaded = last_line(code, empty_home, tmp_path)
    assert isinstance(loaded, list)
    assert (status, list(dict.fromkeys(loaded))) == (0, imported)


@pytest.mark.usefixtures("compiled")
def test_a_further_question_about_the_same_logs_imports_neither_numpy_nor_yaml(
    empty_home: Path, tmp_path: Path
) -> None:
    """What was found is taken from the cache, and nothing of a model is looked at."""
    lines = "".join(
        f"2026-01-01 10:{number // 60 % 60:02}:{number % 60:02}.000 7 ERROR nova.compute.manager [-] Disk {number % 9} is gone\n"
        for number in range(30_000)
    )
    tmp_path.joinpath("nova-compute.log").write_text(lines)
    words = ["analyze", str(tmp_path / "nova-compute.log"), "--model", "none", "--disable-mlflow"]
    code = ASK.format(words=words).replace('"keras"', '"keras", "numpy", "yaml", "openstack_rca.model.model_file"')
    last_line(code, empty_home, tmp_path)
    assert last_line(code, empty_home, tmp_path) == [0, []]


def test_the_answer_is_there_before_mlflow_is_loaded(home: Path, tmp_path: Path) -> None:
    """On the embedded default the version is found, loaded and used without MLflow; only its run needs that."""
    assert last_line(ANSWER.format(logs=LOGS), home, tmp_path) == ["1", []]


def test_an_answer_that_is_recorded_afterwards_loads_no_heavy_library(home: Path, tmp_path: Path) -> None:
    """It is only written down; whoever sends it loads MLflow."""
    code = ASK.format(words=["analyze", LOGS, "--issue", "x"])
    assert last_line(code, home, tmp_path, OPENSTACK_RCA_SEND_RUNS="later") == [0, []]
    assert len(list((home / "spool" / "runs").glob("*.json"))) == 1


def test_recording_the_run_loads_neither_keras_nor_matplotlib(home: Path, tmp_path: Path) -> None:
    """A whole analysis with its run: MLflow is the only heavy library of ours in it."""
    _, loaded = last_line(ASK.format(words=["analyze", LOGS, "--issue", "x"]), home, tmp_path)
    assert isinstance(loaded, list)
    assert "mlflow" in loaded
    assert not {"keras", "jax", "tensorflow", "torch", "matplotlib", "streamlit"} & set(loaded)
