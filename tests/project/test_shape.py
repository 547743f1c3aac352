"""The shape of the sources: sizes, broad excepts, where the environment is read, docstrings, traces of a machine."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "openstack_rca"
DOORS = [ROOT / name for name in ("main.py", "config", "mlflow_integration", "streamlit_app")]

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_DOOR = 60
LATE = ("openstack_rca.late_numpy", "openstack_rca.cli.services")
"""What they give is imported when it is first used."""
MOST_BROAD_EXCEPTS = 3

READS_THE_ENVIRONMENT = {
    "settings.py": "every setting is read there",
    "__init__.py": "the allocator of Polars reads its options once, when Polars is first imported",
    "cli/main.py": "Pydantic reads once whether it looks for plugins; whoever imports the package keeps theirs",
    "model/network.py": "KERAS_BACKEND has to be set before keras is imported",
    "lifecycle/manager.py": "KERAS_BACKEND again: lifecycle may not import model",
    "lifecycle/mlflow/client.py": "MLflow takes some of its settings from the environment only",
}
"""Module -> why it touches os.environ. Nothing else may."""

NAMES_OF_SUBJECTS = ("cli", "dashboard", "servers", "service")
"""A door and a use case bear the name of what they are about: ``cli/drift.py``, ``service/drift.py``, ``model/drift.py``."""

SAME_NAME_ELSEWHERE = {
    "vocabulary": "the field's word: the templates that a model knows, and the words that every room of rca uses",
    "records": "one line of a log, and the facts of a version: both are what their package is made of",
}
"""Basename that two inner packages share -> why none is better."""

FAMOUS_LIBRARIES = {
    "polars",
    "numpy",
    "keras",
    "jax",
    "mlflow",
    "obstore",
    "rich",
    "streamlit",
    "dask",
    "requests",
    "pydantic",
}

FOLDERS_OF_TEXT = (
    "src",
    "tests",
    "docs",
    "scripts",
    "benchmarks",
    "config",
    "mlflow_integration",
    "streamlit_app",
    ".ci",
)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def door_modules() -> list[Path]:
    return sorted(path for door in DOORS for path in ([door] if door.is_file() else door.rglob("*.py")))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(source: str) -> ast.Module:
    """The syntax tree of a source; several checks read the same one."""
    return ast.parse(source)


def offences(paths: Iterable[Path], look: Callable[[str], Any]) -> dict[str, Any]:
    """File -> what a check finds in its source, for those in which it finds something."""
    found = {name_of(path): look(path.read_text()) for path in paths}
    return {name: what for name, what in found.items() if what}


def broad_excepts(source: str) -> list[int]:
    """Lines of handlers that catch everything: bare, Exception, BaseException, also within a tuple."""
    found = []
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(item is None or ast.unparse(item) in ("Exception", "BaseException") for item in caught):
                found.append(node.lineno)
    return found


def reads_of_environment(source: str) -> list[int]:
    """Lines that touch os.environ, os.getenv, os.putenv or import them."""
    found = []
    for node in ast.walk(tree_of(source)):
        is_attribute = isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv")
        is_import = isinstance(node, ast.ImportFrom) and node.module == "os"
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        if is_attribute or (is_import and names & {"environ", "environb", "getenv", "putenv"}):
            found.append(node.lineno)
    return sorted(found)


def long_functions(source: str, most: int) -> list[str]:
    """Functions and methods of more lines than that, from ``def`` to the last line."""
    functions = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= most]


def without_docstring(source: str) -> list[str]:
    """The module and its public classes, functions and methods, as far as they say nothing about themselves."""

    def visit(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                decorators = [ast.unparse(item) for item in node.decorator_list]
                if not ast.get_docstring(node) and "overload" not in decorators:
                    yield prefix + node.name
                if isinstance(node, ast.ClassDef):
                    yield from visit(node.body, f"{prefix}{node.name}.")

    tree = tree_of(source)
    return ([] if ast.get_docstring(tree) else ["the module"]) + list(visit(tree.body, ""))


def needs_late_annotations(source: str) -> bool:
    """Whether an annotation names a class that ends further down, or what only a type checker or a first use imports."""
    tree = tree_of(source)
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    inner = [found for node in checked for found in ast.walk(node)]
    inner += [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module in LATE]
    imports = [found for found in inner if isinstance(found, ast.Import | ast.ImportFrom)]
    late = {alias.asname or alias.name for found in imports for alias in found.names}
    late |= {found.id for found in inner if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)}
    ends = {node.name: node.end_lineno or 0 for node in tree.body if isinstance(node, ast.ClassDef)}
    parts = [getattr(node, which, None) for node in ast.walk(tree) for which in ("annotation", "returns")]
    named = [name for part in parts if part for name in ast.walk(part) if isinstance(name, ast.Name)]
    return any(name.id in late or ends.get(name.id, 0) >= name.lineno for name in named)


def test_a_module_fits_in_a_head() -> None:
    """No module is longer than 400 lines."""
    assert offences(modules(), lambda source: len(source.splitlines()) > MOST_LINES) == {}


def test_a_function_fits_on_a_screen() -> None:
    """No function is longer than 60 lines, docstring and signature included."""
    assert offences(modules(), lambda source: long_functions(source, MOST_LINES_OF_A_FUNCTION)) == {}


def test_a_door_is_a_few_lines() -> None:
    """The doors of the checkout only lead into the package."""
    assert offences(door_modules(), lambda source: len(source.splitlines()) > MOST_LINES_OF_A_DOOR) == {}


def test_a_name_stands_for_one_thing() -> None:
    """Of the inner packages no two have a module of one name, and none has that of a library."""
    rooms: dict[str, list[str]] = {}
    for path in modules():
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] not in NAMES_OF_SUBJECTS and path.stem not in ("__init__", "__main__"):
            rooms.setdefault(path.stem, []).append(inside.parent.as_posix())
    doubled = {name: found for name, found in rooms.items() if len(found) > 1}
    assert set(doubled) == set(SAME_NAME_ELSEWHERE), doubled
    names = {path.stem for path in modules()}
    assert not names & (set(sys.stdlib_module_names) | FAMOUS_LIBRARIES) - {"__init__", "__main__"}


def test_at_most_three_broad_excepts_in_the_whole_program() -> None:
    """Errors are caught by name; the exceptions to that can be counted on one hand."""
    found = offences([*modules(), *door_modules()], broad_excepts)
    assert sum(map(len, found.values())) <= MOST_BROAD_EXCEPTS, found


def test_the_environment_is_read_in_settings_only() -> None:
    """A module that touches os.environ is settings.py, or stands on the list with its reason."""
    touching = offences([*modules(), *door_modules()], reads_of_environment)
    assert {name.removeprefix("src/openstack_rca/") for name in touching} <= set(READS_THE_ENVIRONMENT), touching


def test_every_public_name_says_what_it_is() -> None:
    """Modules, classes, functions and methods without a leading underscore have a docstring."""
    assert offences([*modules(), *door_modules()], without_docstring) == {}


def test_annotations_are_put_off_only_where_one_needs_it() -> None:
    """Python 3.11 reads every annotation as it stands, but for what is defined later or imported for type checkers alone."""
    texts = {name_of(path): path.read_text() for path in text_files() if path.suffix == ".py"}
    put_off = [name for name, text in texts.items() if text.count("\nfrom __future__ import annotations\n")]
    assert [name for name in put_off if not needs_late_annotations(texts[name])] == []


def test_the_checks_see_what_they_look_for() -> None:
    """The helpers of this file find the offences, written in each way."""
    assert broad_excepts("try: pass\nexcept: pass") == [2]
    assert broad_excepts("try: pass\nexcept (ValueError, Exception): pass") == [2]
    assert broad_excepts("try: pass\nexcept ValueError: pass") == []
    assert reads_of_environment("import os\nos.environ['A']\nfrom os import getenv\nos.getenv('B')") == [2, 3, 4]
    assert long_functions("def a():\n    pass\n\n@b\ndef c():\n    pass\n    pass\n", 2) == ["c"]
    assert needs_late_annotations("class A:\n    def b(self) -> A: ...")
    assert needs_late_annotations("if TYPE_CHECKING:\n    import polars as pl\na: pl.Series")
    assert not needs_late_annotations("class A: ...\ndef b() -> A: ...")
    undescribed = "class A:\n    '''a'''\n    def b(self): ...\n    def _c(self): ...\n"
    assert without_docstring(undescribed) == ["the module", "A.b"]


def text_files() -> list[Path]:
    tops = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".coverage")]
    below = [path for folder in FOLDERS_OF_TEXT for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [
        path for path in [*tops, *below] if "__pycache__" not in path.parts and path.suffix not in (".db", ".keras")
    ]


def test_no_file_names_the_machine_that_it_was_written_on() -> None:
    """Nothing refers to the home or the work folder of one machine."""
    machine = re.compile(rb"(?<![\w.])/(?:work|root)/")
    allowed = {"tests/project/test_shape.py"}
    found = [
        name_of(path) for path in text_files() if machine.search(path.read_bytes()) and name_of(path) not in allowed
    ]
    assert found == []
