"""The wheel: what is in it, and that it runs where nothing else of this checkout is.

The empty environment of these tests borrows the third-party packages of the environment that runs them, through a .pth
file, so that the tests need no network and only our wheel is new. A .pth line adds a folder and does not read the .pth
files in it, so an editable installation of this checkout stays invisible; the tests check that too.
"""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]

NEEDS_AN_EXTRA = {
    "rca/relevance/minilm.py": "semantic",
    "lifecycle/trust/": "signing",
    "lifecycle/mlflow/": "mlflow",
    "lifecycle/manager.py": "all",
    "model/": "train",
    "dashboard/": "dashboard",
    "cli/dashboard.py": "dashboard",
    "servers/mcp_server.py": "mcp",
    "servers/http_api.py": "serve",
    "cli/serve.py": "serve",
    "service/language_model.py": "llm",
    "service/mlflow_artifacts.py": "mlflow",
    "logs/seven_zip.py": "sevenzip",
    "service/cluster.py": "dask",
}
"""Module or folder -> the extra that brings what it imports; nothing else may import from an extra."""

MOST_MEGABYTES_OF_THE_BASE = 350


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    output = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(output), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = output.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with our wheel and, borrowed, the third-party packages; the checkout is not in it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    place = sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)})
    (Path(place) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--force-reinstall", str(wheel)], check=True, capture_output=True)
    return folder


def run(environment: Path, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment in an empty folder with an empty home and none of our variables."""
    ours = ("OPENSTACK_RCA_", "MLFLOW_", "AWS_", "PYTHON")
    variables: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [environment / "bin" / command[0], *command[1:]],
        cwd=home,
        env={**variables, "HOME": str(home), "OPENSTACK_RCA_HOME": str(home / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_carries_every_sample(names: set[str]) -> None:
    """Each file of samples/ is there as openstack_rca/_samples/."""
    samples = ROOT / "samples"
    expected = {
        f"openstack_rca/_samples/{path.relative_to(samples).as_posix()}"
        for path in samples.rglob("*")
        if path.is_file()
    }
    assert {name for name in names if name.startswith("openstack_rca/_samples/")} == expected


def test_the_wheel_carries_every_module_and_data_file_of_the_package(names: set[str]) -> None:
    """Sources, signatures, the topology and the templates of reports: nothing is left behind."""
    source = ROOT / "src"
    files = [
        path for path in (source / "openstack_rca").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {path.relative_to(source).as_posix() for path in files} <= names
    assert any(name.startswith("openstack_rca/rca/knowledge/signatures/") and name.endswith(".yaml") for name in names)
    assert "openstack_rca/logs/components.yaml" in names


def test_the_wheel_carries_the_signatures_compiled(wheel: Path) -> None:
    """Every rule is in the one file that each start reads, so that no start reads hundreds of YAML files."""
    with zipfile.ZipFile(wheel) as archive:
        rules = json.loads(archive.read("openstack_rca/rca/knowledge/signatures.json"))
    written = (ROOT / "src" / "openstack_rca" / "rca" / "knowledge" / "signatures").rglob("*.yaml")
    assert sorted(rule["id"] for rule in rules) == sorted(path.stem for path in written)


def test_the_wheel_carries_the_tables_compiled(wheel: Path) -> None:
    """So that no start reads YAML: the components, for one."""
    with zipfile.ZipFile(wheel) as archive:
        assert "nova-compute" in json.loads(archive.read("openstack_rca/logs/components.json"))


def test_the_wheel_carries_the_manuals_imports_and_no_tests(names: set[str]) -> None:
    """The package, and the two doors that the manual imports; no other door and no test."""
    tops = {name.split("/")[0] for name in names}
    packages = {top for top in tops if not top.endswith((".dist-info", ".data"))}
    assert packages == {"openstack_rca", "config", "mlflow_integration"}
    assert not any("/tests/" in name or name.endswith(".pyc") for name in names)


def test_the_wheel_names_its_command_and_its_license(wheel: Path) -> None:
    """The console script and the text of the license are in the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "openstack-rca = openstack_rca.cli:main" in archive.read(entry).decode()
        (license_file,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
        assert archive.read(license_file) == (ROOT / "LICENSE").read_bytes()


def test_every_library_that_is_imported_is_declared() -> None:
    """Nothing works only because another dependency happens to bring a library along."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    providers = packages_distributions()
    undeclared = {}
    for path in (ROOT / "src").rglob("*.py"):
        place = path.relative_to(ROOT / "src" / "openstack_rca").as_posix()
        extra = next((extra for part, extra in NEEDS_AN_EXTRA.items() if place.startswith(part)), None)
        optional = project["optional-dependencies"]
        added = ["train", "mlflow"] if extra == "all" else [extra] if extra else []
        wanted = [*project["dependencies"], *(text for name in added for text in optional[name])]
        declared = {normal(re.split(r"[^\w.-]", text)[0]) for text in wanted}
        for name in imported_libraries(path):
            # What is not installed here, as an extra may be, goes by its own name.
            if not declared & {normal(provider) for provider in providers.get(name, [name])}:
                undeclared[name] = path.name
    assert undeclared == {}


def normal(name: str) -> str:
    """The name of a distribution as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_libraries(path: Path) -> set[str]:
    """Top-level names of the third-party modules that a module imports, early or late."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"openstack_rca"}


def test_an_installed_wheel_finds_its_own_samples(empty_environment: Path, tmp_path: Path) -> None:
    """Package and samples come from the environment, not from this checkout."""
    code = "import openstack_rca, openstack_rca.samples as s; print(openstack_rca.__file__); print(s.samples_folder())"
    result = run(empty_environment, tmp_path, "python", "-c", code)
    assert result.returncode == 0, result.stderr
    package, samples = map(Path, result.stdout.split("\n")[:2])
    assert package.is_relative_to(empty_environment)
    assert samples == package.parent / "_samples"
    assert (samples / "incidents" / "INC-009" / "incident.json").is_file()


def test_the_nightly_loop_is_a_command_of_an_installed_wheel(empty_environment: Path, tmp_path: Path) -> None:
    result = run(empty_environment, tmp_path, "openstack-rca-nightly")
    assert result.returncode == 2
    assert "openstack-rca-nightly LOGS BACKUPS [ENVIRONMENT]" in result.stderr


def test_the_demo_runs_from_an_installed_wheel(empty_environment: Path, tmp_path: Path) -> None:
    """Trained, published and answered in an empty folder; all that it leaves is its state, and dot-folders of libraries."""
    result = run(empty_environment, tmp_path, "openstack-rca", "demo")
    assert result.returncode == 0, result.stdout + result.stderr
    assert any(verdict in result.stdout for verdict in ("CONFIRMED", "LIKELY", "INCONCLUSIVE"))
    assert list((tmp_path / "state").rglob("*_v1.keras"))
    assert {path.name for path in tmp_path.iterdir()} - {".cache", ".config", ".keras"} == {"state"}


def needed(requirements: list[str]) -> dict[str, Distribution]:
    """The distributions that these requirements bring, with what those need in turn."""
    found: dict[str, Distribution] = {}
    pending = [(Requirement(text), ()) for text in requirements]
    while pending:
        requirement, extras = pending.pop()
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        name = normal(requirement.name)
        if name not in found:
            found[name] = distribution(name)
            pending.extend((Requirement(text), tuple(requirement.extras)) for text in found[name].requires or [])
    return found


@pytest.fixture(scope="module")
def base() -> dict[str, Distribution]:
    """The distributions of the installation without any extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return needed(project["dependencies"])


@pytest.fixture(scope="module")
def base_environment(wheel: Path, base: dict[str, Distribution], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with our wheel and the libraries of the base alone, as links."""
    folder = tmp_path_factory.mktemp("base")
    venv.create(folder, with_pip=False)
    place = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    for library in base.values():
        for top in {Path(file.parts[0]) for file in library.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            link = place / top
            if not link.exists():
                link.symlink_to(Path(str(library.locate_file(top))))
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    return folder


def test_the_base_is_light(base: dict[str, Distribution]) -> None:
    """Reading, answering and loading a model need no training library, no tracking library and no web server.

    What Python compiles for itself later is not counted.
    """
    assert not {"keras", "jax", "mlflow", "matplotlib", "streamlit", "torch", "pandas", "scipy"} & set(base)
    sizes = [
        path.stat().st_size
        for library in base.values()
        for file in library.files or []
        if file.suffix != ".pyc" and (path := Path(str(file.locate()))).is_file()
    ]
    assert sum(sizes) / 1e6 <= MOST_MEGABYTES_OF_THE_BASE


def test_the_base_answers_a_recorded_incident(base_environment: Path, tmp_path: Path) -> None:
    """Without any extra: the root cause of a sample incident, and nothing on stderr but that no model was there."""
    incident = str(ROOT / "samples" / "incidents" / "INC-003" / "logs")
    result = run(base_environment, tmp_path, "openstack-rca", "analyze", incident, "--ticket")
    assert result.returncode == 0, result.stderr
    assert "keystone" in result.stdout.splitlines()[0]
    assert result.stderr.startswith("Note: Answered without a model")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["train", str(ROOT / "samples" / "normal" / "logs")], "train"),
        (["dashboard"], "dashboard"),
        (["runs", "list", "--mlflow-uri", "http://127.0.0.1:9"], "mlflow"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_command_whose_extra_is_missing_says_which_line_installs_it(
    base_environment: Path, tmp_path: Path, words: list[str], extra: str
) -> None:
    """One line, exit status 1, before any work is done."""
    result = run(base_environment, tmp_path, "openstack-rca", *words)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert f"pip install 'openstack-rca[{extra}]'" in line
