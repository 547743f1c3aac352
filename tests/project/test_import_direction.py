"""Imports run one way: cli, dashboard -> service -> rca, model, lifecycle -> logs -> settings, errors."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "openstack_rca"

ALLOWED: dict[str, set[str]] = {
    "__init__": {"service"},
    "__main__": {"cli"},
    "errors": set(),
    "plain_text": set(),
    "faces": set(),
    "late_numpy": set(),
    "posting": set(),
    "extras": {"errors"},
    "outside_settings": set(),
    "settings": {"errors", "extras", "outside_settings"},
    "shipped": set(),
    "samples": {"errors", "settings", "extras"},
    "logs": {"shipped", "errors", "plain_text", "settings", "extras"},
    "model": {"logs", "errors", "plain_text", "settings", "extras"},
    "rca": {"shipped", "logs", "errors", "plain_text", "settings", "extras"},
    "lifecycle": {"shipped", "logs", "errors", "plain_text", "posting", "settings", "extras"},
    "service": {
        "shipped",
        "rca",
        "model",
        "lifecycle",
        "logs",
        "samples",
        "errors",
        "plain_text",
        "posting",
        "settings",
        "extras",
    },
    "servers": {"service", "errors", "plain_text", "settings", "extras"},
    "cli": {"servers", "service", "errors", "plain_text", "settings", "extras"},
    "dashboard": {"service", "errors", "settings", "extras"},
}
"""Part of the package -> the other parts that it may import."""

LATE = {"faces", "late_numpy"}
"""What puts off imports; it knows nothing of this program, so every part may use it."""

DOORS: dict[str, set[str]] = {
    "main.py": {"cli", "service", "errors", "settings"},
    "config/config.py": {"service", "errors", "settings"},
    "mlflow_integration/mlflow_manager.py": {"service"},  # it hands out Keras models, so it opens them
    "streamlit_app/chatbot.py": {"cli", "dashboard"},
}
"""Door of the checkout -> the parts that it may import."""

HEAVY = {"distributed", "jax", "keras", "matplotlib", "mlflow", "streamlit", "tensorflow", "torch"}
"""Libraries that cost a second or more; an analysis must not wait for them."""

IMPORTS_AT_ONCE = {"model/network.py": {"keras"}, "service/mlflow_artifacts.py": {"mlflow"}}
"""Module -> the heavy library that it is the only door to; who imports such a module does so late."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def part_of(path: Path) -> str:
    """``logs`` for ``logs/events.py``, ``service`` for ``service.py`` and for anything in ``service/``."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_names(tree: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Absolute dotted names that a module imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def own_parts(names: Iterator[str]) -> set[str]:
    """Parts of openstack_rca among the imported names; what the package's own ``__init__`` holds is no part."""
    parts = {name.split(".")[1] for name in names if name.startswith("openstack_rca.")}
    return parts - {"__version__", "ALLOCATOR"}


def violations(source: str, part: str, package: tuple[str, ...]) -> set[str]:
    """Parts that the source imports and ``part`` may not."""
    return own_parts(imported_names(ast.parse(source), package)) - ALLOWED[part] - LATE - {part}


def test_every_part_of_the_package_has_a_rule() -> None:
    """A new folder or module at the top gets a place in the order before it gets an import."""
    assert {part_of(path) for path in modules()} <= set(ALLOWED)


def test_a_module_imports_only_what_lies_below_it() -> None:
    """Every import of a module, also one inside a function, goes to its own part or to one below."""
    found = {}
    for path in modules():
        package = ("openstack_rca", *path.relative_to(PACKAGE).parent.parts)
        found[name_of(path)] = violations(path.read_text(), part_of(path), package)
    assert {name: parts for name, parts in found.items() if parts} == {}


@pytest.mark.parametrize(("door", "allowed"), DOORS.items(), ids=list(DOORS))
def test_a_door_imports_only_what_it_opens(door: str, allowed: set[str]) -> None:
    """The doors of the checkout hold no logic: each reaches one part of the package."""
    tree = ast.parse((ROOT / door).read_text())
    assert own_parts(imported_names(tree, ())) <= allowed


@pytest.mark.parametrize(
    ("source", "part", "package", "expected"),
    [
        ("from openstack_rca.model.training import train", "lifecycle", ("openstack_rca", "lifecycle"), {"model"}),
        ("def f():\n    import openstack_rca.rca.engine", "model", ("openstack_rca", "model"), {"rca"}),
        ("from ..lifecycle import versions", "rca", ("openstack_rca", "rca"), {"lifecycle"}),
        ("from openstack_rca import cli", "service", ("openstack_rca",), {"cli"}),
        ("from . import events\nfrom openstack_rca import __version__", "logs", ("openstack_rca", "logs"), set()),
    ],
)
def test_the_check_sees_each_way_to_write_an_import(
    source: str, part: str, package: tuple[str, ...], expected: set[str]
) -> None:
    """Absolute, relative, late and from the package itself: none slips through."""
    assert violations(source, part, package) == expected


def at_once(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """The imports that are made while the module is: none of a function, none for checkers of types."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from (found for branch in child.orelse for found in at_once(branch))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from at_once(child)


def test_no_modules_import_each_other() -> None:
    """Threads of the dashboard and the servers import at once, each under a lock for each module: they wait one way only.

    A face and the modules of its room are no circle, for from outside a room is entered by its face.
    """
    trees = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): ast.parse(path.read_text())
        for path in modules()
    }
    trees = {name.removesuffix(".__init__"): tree for name, tree in trees.items()}
    late = {}
    for face, tree in trees.items():
        shown = [part for part in tree.body if isinstance(part, ast.If) and "later(" in ast.unparse(part)]
        inside = [node for part in shown for node in part.body if isinstance(node, ast.ImportFrom)]
        late |= {f"{face}.{alias.name}": str(node.module) for node in inside for alias in node.names}
    waits: dict[str, set[str]] = {}
    for name, tree in trees.items():
        taken = ((node.module or "", f"{node.module}.{alias.name}") for node in at_once(tree) for alias in node.names)
        waits[name] = {late.get(whole, whole if whole in trees else module) for module, whole in taken}
    TopologicalSorter(waits).prepare()  # It raises CycleError, which names the circle.


def test_heavy_libraries_are_imported_late() -> None:
    """No module but those that stand for a library imports a heavy one when it is itself imported."""
    found = {}
    for path in modules():
        top_level = ast.Module(body=list(statements_at_import(ast.parse(path.read_text()))), type_ignores=[])
        heavy = {name.split(".")[0] for name in imported_names(top_level, ())} & HEAVY
        allowed = {"streamlit"} if part_of(path) == "dashboard" else set()
        found[name_of(path)] = heavy - IMPORTS_AT_ONCE.get(name_of(path), allowed)
    assert {name: heavy for name, heavy in found.items() if heavy} == {}


def statements_at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Import statements that run when the module is imported: not those in functions or under TYPE_CHECKING."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            pending.extend(ast.iter_child_nodes(node))


def test_an_analysis_starts_without_any_heavy_library() -> None:
    """Importing the commands and the use case of an analysis loads none of them, through whatever path.

    Nor the readers of logs, which a question whose logs are kept never needs.
    """
    code = "import sys, openstack_rca.cli, openstack_rca.service.analysis; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert (HEAVY | {"openstack_rca.logs.parsing", "openstack_rca.logs.archives"}) & set(loaded) == set()
