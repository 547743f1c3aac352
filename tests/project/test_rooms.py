"""The rooms of a package: what each may import, and that it is entered by its face only."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "openstack_rca"

ROOMS: dict[str, tuple[str, ...]] = {
    "rca": (
        "vocabulary",
        "weights",
        "knowledge",
        "evidence",
        "judgement",
        "report",
        "relevance",
        "render",
        "scoring",
        "engine",
    ),
    "lifecycle": ("records", "objects", "history", "mlflow", "local", "trust", "versions", "doctor", "manager"),
}
"""Package -> its rooms and single modules in the order of the path: each may import those before it."""

BESIDE = {("scoring", "render"), ("render", "relevance"), ("scoring", "relevance"), ("manager", "doctor")}
"""Rooms that come later in the order and still have nothing to do with the earlier one."""


def room_of(path: Path, package: str) -> str:
    """``objects`` for ``lifecycle/objects/store.py``, ``doctor`` for ``lifecycle/doctor.py``."""
    return path.relative_to(PACKAGE / package).parts[0].removesuffix(".py")


def modules(package: str) -> list[Path]:
    """All modules of a package but its own ``__init__``."""
    return [path for path in sorted((PACKAGE / package).rglob("*.py")) if path != PACKAGE / package / "__init__.py"]


@cache
def imports(path: Path) -> list[str]:
    """Dotted names of the modules that are imported from, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            package = node.module.removeprefix("openstack_rca.")
            rooms = [alias.name for alias in node.names if alias.name in ROOMS.get(package, ())]
            found.extend([f"{node.module}.{room}" for room in rooms] or [node.module])
        elif isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
    return [name for name in found if name.startswith("openstack_rca.")]


@pytest.mark.parametrize("package", ROOMS)
def test_a_room_imports_only_rooms_before_it(package: str) -> None:
    """The order of the rooms is the way of the data; no import goes back, and none goes to a room beside."""
    order = ROOMS[package]
    for path in modules(package):
        mine = room_of(path, package)
        for name in imports(path):
            _, part, *rest = name.split(".")
            if part == package and rest and rest[0] != mine:
                assert order.index(rest[0]) < order.index(mine), (path, name)
                assert (mine, rest[0]) not in BESIDE, (path, name)


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_has_its_place_in_the_order(package: str) -> None:
    """A new room gets a place before it gets a module."""
    assert {room_of(path, package) for path in modules(package)} == set(ROOMS[package])


def test_a_room_is_entered_by_its_face() -> None:
    """From outside, names come from the room itself, never from a module inside it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).parts
        for name in imports(path):
            _, part, *rest = name.split(".")
            if part in ROOMS and len(rest) > 1:
                assert inside[:2] == (part, rest[0]), (path, name)


WHO_TAKES = ("src", "tests", "benchmarks")
FACES = sorted(face for package in ROOMS for face in (PACKAGE / package).glob("*/__init__.py"))


@pytest.mark.parametrize("face", FACES, ids=lambda path: path.parent.name)
def test_a_face_is_what_the_room_says_of_itself_and_what_it_offers(face: Path) -> None:
    """A few words and imports, of which some may be put off: each name stands in one place, and nothing is done there."""
    words, *offered = ast.parse(face.read_text()).body
    assert isinstance(words, ast.Expr)
    rest = [node for node in offered if not isinstance(node, ast.ImportFrom)]
    assert [ast.unparse(node) for node in rest] == [put_off(node) for node in rest]


def put_off(node: ast.AST) -> str:
    """How a face puts off the imports that it shows to type checkers."""
    shown = "\n".join(f"    {ast.unparse(found)}" for found in ast.walk(node) if isinstance(found, ast.ImportFrom))
    return f"if TYPE_CHECKING:\n{shown}\nelse:\n    __getattr__ = later(__name__)"


def test_what_a_face_offers_is_taken() -> None:
    """By another module, a test or a benchmark; what nobody outside asks for stays inside."""
    texts = [path.read_text() for folder in WHO_TAKES for path in (PACKAGE.parents[1] / folder).rglob("*.py")]
    taken: dict[str, set[str]] = {}
    for text in texts:
        for room, names in re.findall(r"from (openstack_rca[\w.]+) import (\([^)]*\)|.*)", text):
            taken.setdefault(room, set()).update(re.findall(r"\w+", names))
            for inner in re.findall(r"\w+", names):
                taken.setdefault(f"{room}.{inner}", set()).update(re.findall(rf"\b{inner}\.(\w+)", text))
    unused = []
    for face in FACES:
        room = ".".join(("openstack_rca", *face.parent.relative_to(PACKAGE).parts))
        offered = [node for node in ast.walk(ast.parse(face.read_text())) if isinstance(node, ast.ImportFrom)]
        helpers = ("typing", "openstack_rca.faces")
        own = {alias.asname or alias.name for node in offered if node.module not in helpers for alias in node.names}
        unused += [f"{room}.{name}" for name in own - taken.get(room, set())]
    assert unused == []


@pytest.mark.parametrize(
    "face", sorted(path for path in PACKAGE.rglob("__init__.py") if "later(" in path.read_text()), ids=str
)
def test_a_name_of_a_late_face_is_no_module_of_its_room(face: Path) -> None:
    """Importing a module binds it in its package under its own name, where the face's name would then be found as a module."""
    late = (part for part in ast.parse(face.read_text()).body if isinstance(part, ast.If))
    imports = (node for part in late for node in ast.walk(part) if isinstance(node, ast.ImportFrom))
    names = {name.name for node in imports for name in node.names}
    assert names & {path.stem for path in face.parent.iterdir()} == set()
