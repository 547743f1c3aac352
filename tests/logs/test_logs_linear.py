"""Every regular expression of the readers takes a time that grows with a line, not with its square: lines are hostile.

Polars runs the others; its engine is linear by its nature.
"""

import ast
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.logs.reading import rows
from tests.logs.squares import quadratic

import openstack_rca.logs
from openstack_rca.logs.members import clean_parts
from openstack_rca.logs.programs import component_of_logger

# Names of files and of pods, which are cut to what file systems hold before; expressions of our own.
_OF_NAMES = ("names", "layout", "pods", "programs", "cut_files", "sources", "beginnings")
# What the lint cannot follow: each part of it stops at the next one's beginning.
_FOLLOWED_BY_HAND = (r"<field k=['\"]([^'\"<>]+)['\"]>((?:(?!<field ).)*?)</field>",)


@pytest.mark.parametrize(
    ("pattern", "searched"),
    [
        (r"^.*a.*b", False),
        (r"^\w+\d+x", False),
        (r"(?:\w+\s?)*x", False),
        (r"^\s*(?=.*x)y", False),
        (r"\d+x", True),
        (r"\s*$", True),
        (r"[ \t]*+x", True),
        (r"(?m)^\s*x", True),
        (r"^# Time: +(\S.*?)\s*$", False),
    ],
)
def test_loops_that_share_a_text_are_found(pattern: str, searched: bool) -> None:
    assert quadratic(pattern, searched=searched)


@pytest.mark.parametrize(
    ("pattern", "searched"),
    [
        (r"^.*a.*$", False),
        (r"^\w++\d+x", False),
        (r"^[^:]*:[^:]*:x", False),
        (r"\d+x", False),
        (r"\d{1,9}x", True),
        (r"<[^<>]*>", True),
        (r"[A-Z]+(?: [A-Z]+)*", True),
        (r"(?m)^ +x", True),
        (r"(?<!\w)\w+=x", True),
    ],
)
def test_loops_that_part_a_text_in_one_way_are_not(pattern: str, searched: bool) -> None:
    assert quadratic(pattern, searched=searched) is None


def _expressions() -> Iterator[tuple[str, str | bytes, int, bool]]:
    """Where each stands, the expression, its flags, and whether it is searched for anywhere in a text."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(openstack_rca.logs.__path__, "openstack_rca.logs.")
        if found.name.rpartition(".")[2] not in _OF_NAMES
    ]
    trees = {module: ast.parse(Path(str(module.__file__)).read_text()) for module in modules}
    calls = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    uses: dict[str, set[str]] = {}
    for call in calls:
        uses.setdefault(ast.unparse(call.value).rpartition(".")[2], set()).add(call.attr)
    for module, tree in trees.items():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                whole = {"match", "fullmatch"}
                yield (
                    f"{module.__name__}.{name}",
                    value.pattern,
                    value.flags,
                    not uses.get(name, set()) & whole or bool(uses[name] - whole - {"pattern"}),
                )
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                given = node.args[0]
                if (
                    ast.unparse(node.func.value) == "re"
                    and isinstance(given, ast.Constant)
                    and node.func.attr != "compile"
                ):
                    searched = node.func.attr not in ("match", "fullmatch")
                    yield f"{module.__name__}:{node.lineno}", given.value, 0, searched


@pytest.mark.parametrize("name", ["-" * 300, "a1." * 2000 + "log", "/".join(["nova-api.log"] * 400)])
def test_what_is_longer_than_file_systems_hold_is_no_name(name: str) -> None:
    """So what looks into names is never given a line."""
    said = {"timestamp": "2026-11-23T04:00:00Z", "message": "up", "file": f"/var/log/c1/{name}", "pod_name": name}
    (event,) = rows(json.dumps(said) + "\n", "nova-api.log")
    assert (event["service"], event["host"], event["message"]) == ("nova-api", None, "up")
    parts = clean_parts(f"c1/{name}")
    assert (max(map(len, parts)) <= 255, len("/".join(parts)) <= 4096) == (True, True)


def test_a_logger_with_more_dots_than_names_have_is_parted_at_the_first_ones_only() -> None:
    known, calls = component_of_logger("nova.compute"), list[str]()
    sys.setprofile(lambda _frame, event, _called: calls.append(event))
    try:
        component = component_of_logger("nova.compute." + "a." * 5000)
    finally:
        sys.setprofile(None)
    assert (component, len(calls) < 1000) == (known, True)


def test_no_expression_takes_the_square_of_a_line() -> None:
    """Each is named with a text whose repetition it would try in as many ways as there are."""
    found = {
        f"{where}: {word!r}"
        for where, pattern, flags, searched in _expressions()
        if pattern not in _FOLLOWED_BY_HAND and (word := quadratic(pattern, flags, searched=searched)) is not None
    }
    assert sorted(found) == []
