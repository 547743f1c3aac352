"""Signature files: their two forms, what is refused, what lint runs, and how the shipped ones are kept compiled."""

import json
import re
from pathlib import Path

import pytest

from openstack_rca.errors import SignatureCatalogueError
from openstack_rca.rca.knowledge import signature_files
from openstack_rca.rca.knowledge.catalogue import load_catalogue, own_signatures
from openstack_rca.rca.knowledge.linting import lint_catalogue
from openstack_rca.rca.knowledge.literals import required_literals
from openstack_rca.rca.knowledge.signature_files import compiled, shipped_rules

OWN = {
    "title": "Our own storage array reports a failed controller.",
    "pattern": "controller (?P<part>[AB]) failed",
    "accuses": "storage",
    "category": "storage",
    "directness": "cause",
    "remedy": "Call the vendor of the array.",
    "source": "our own array",
    "cases": [{"line": "array7: controller A failed"}, {"silent": "array7: controller A is up"}],
}
"""JSON is YAML too."""


def rule_file(folder: Path, name: str = "own-array", **changes: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(OWN | changes), encoding="utf-8")
    return path


def problems(*paths: Path) -> list[str]:
    return [f"{problem.signature}: {problem.problem}" for problem in lint_catalogue(paths).problems]


def test_a_rule_is_found_by_the_name_of_its_file_in_any_folder_below(tmp_path: Path) -> None:
    """Id and area are not written again inside."""
    (tmp_path / "arrays").mkdir()
    rule_file(tmp_path / "arrays", "lost-controller")
    (rule,) = own_signatures(tmp_path)
    assert (rule.id, rule.area) == ("lost-controller", "arrays")


def test_the_older_list_of_rules_is_still_read(tmp_path: Path) -> None:
    """match, no_match, host and routine say what cases, accused_host, at_least and within say now."""
    fields = {name: value for name, value in OWN.items() if name != "cases"}
    old = {"id": "own-array", **fields, "match": ["controller B failed"], "no_match": ["controller is up"]}
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps([old | {"host": "self", "routine": True}, old | {"id": "own-b"}]))
    first, second = own_signatures(path)
    assert (first.accused_host, first.at_least, first.within) == ("logger", 8, "5m")
    assert [case.line or case.silent for case in second.cases] == ["controller B failed", "controller is up"]


def test_lint_says_which_files_have_the_older_form(tmp_path: Path) -> None:
    """It is a hint and no problem."""
    fields = {name: value for name, value in OWN.items() if name != "cases"}
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps([{"id": "own-array", **fields, "match": ["controller B failed"]}]))
    rule_file(tmp_path, "another")
    result = lint_catalogue([tmp_path])
    assert (result.old_files, result.problems) == ((str(path),), ())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pattern": "(?=x)controller failed"}, "look-around"),
        ({"recovered": "(?=x)controller is well"}, "recovered: look-around"),
        ({"recovered": "controller (is well"}, "recovered: missing"),
        ({"pattern": "(controller failed"}, "pattern"),
        ({"pattern": "(?<part>controller) failed"}, "pattern"),
        ({"accuses": "coffee-machine"}, "coffee-machine"),
        ({"recovered_by": ["coffee-machine"]}, "coffee-machine"),
        ({"accuses": "@url"}, "url"),
        ({"accused_host": "named"}, "host"),
        ({"title": "The array lost {controller}."}, "controller"),
        ({"title": "The array lost controller {part}."}, "title_plain"),
        ({"at_least": 5}, "within"),
        ({"within": "5m"}, "at_least"),
        ({"at_least": 5, "within": "soon"}, "within"),
        ({"bug": ["somewhere"]}, "somewhere"),
        ({"colour": "red"}, "colour"),
        ({"cases": [{"line": "a", "silent": "b"}]}, "either line or silent"),
        ({"cases": [{"silent": "b", "accuses": "storage"}]}, "answers nothing"),
    ],
)
def test_a_faulty_entry_is_refused_with_file_and_field(tmp_path: Path, changes: dict[str, object], named: str) -> None:
    path = rule_file(tmp_path, **changes)
    with pytest.raises(SignatureCatalogueError) as caught:
        load_catalogue(tmp_path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_a_file_name_that_is_no_id_is_refused(tmp_path: Path) -> None:
    """The name is the id, so it has the form of one."""
    rule_file(tmp_path, "Own_Array")
    with pytest.raises(SignatureCatalogueError, match="Own_Array"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize("text", ["title: [", "just words", "\x00"])
def test_broken_yaml_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SignatureCatalogueError, match=r"broken\.yaml"):
        load_catalogue(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignatureCatalogueError, match="nowhere"):
        load_catalogue(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        ({"line": "array7: all is well"}, "does not match"),
        ({"silent": "array7: controller B failed"}, "must not"),
        ({"line": "controller A failed", "accuses": "mariadb"}, "accuses storage instead of mariadb"),
        ({"line": "controller A failed", "category": "network"}, "storage instead of network"),
        ({"line": "controller A failed", "statement_has": "nas7"}, "without 'nas7'"),
        ({"line": "controller A failed", "service": "nova-api"}, "does not match"),
        ({"line": "controller A failed", "level": "INFO"}, "does not match"),
    ],
)
def test_lint_names_a_case_that_is_answered_otherwise(tmp_path: Path, case: dict[str, str], problem: str) -> None:
    """Lines, look-alikes, accused, category, statement, speaker and level are all held to what the case says."""
    good = {"line": "controller A failed", "service": "cinder-volume", "accuses": "storage"}
    rule_file(tmp_path, services=["cinder-*"], level="WARNING", cases=[good, case])
    (found,) = problems(tmp_path)
    assert "case 2" in found
    assert problem in found


@pytest.mark.parametrize(
    "prefix", ["arrayd[812]: ", "systemd: ", "00042|array|WARN|", "[ERROR] ", "FATAL:  ", "CRITICAL nova [-] "]
)
def test_lint_refuses_a_pattern_that_asks_for_what_readers_take_off(tmp_path: Path, prefix: str) -> None:
    """Program, module and level stand before a message in a file and are no part of the event: such a rule is deaf."""
    line = {"line": f"{prefix}controller A failed"}
    rule_file(tmp_path, cases=[line])
    assert problems(tmp_path) == []
    rule_file(tmp_path, cases=[line], pattern=re.escape(prefix.strip()) + r"\s*controller \w failed")
    (found,) = problems(tmp_path)
    assert "take off" in found


def test_lint_names_a_rule_without_any_line(tmp_path: Path) -> None:
    rule_file(tmp_path, cases=[{"silent": "controller is up"}])
    assert problems(tmp_path) == ["own-array: cases: no line shows what it matches"]


def test_lint_names_an_id_that_is_used_twice(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert problems(rule_file(tmp_path), rule_file(tmp_path / "a")) == ["own-array: the id is used twice"]


def test_lint_names_a_rule_that_waits_for_one_that_does_not_exist(tmp_path: Path) -> None:
    """needs and unless lead to the same files or to the shipped catalogue."""
    rule_file(tmp_path, needs=["host-oom-kill"], unless=["no-such-rule"])
    assert problems(tmp_path) == ["own-array: needs or unless: there is no signature 'no-such-rule'"]


def test_compiled_rules_are_kept_until_a_rule_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading opens no YAML; after a change the rules are compiled again."""
    folder = tmp_path / "signatures"
    folder.mkdir()
    path = rule_file(folder)
    first = shipped_rules(folder, required_literals)
    monkeypatch.setattr(signature_files, "compiled", lambda *_: pytest.fail("compiled again"))
    assert shipped_rules(folder, required_literals) == first
    monkeypatch.undo()
    path.write_text(path.read_text().replace("Our own storage", "A rented storage"))
    assert shipped_rules(folder, required_literals)[0]["title"].startswith("A rented")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": [], "content": []}', "null"])
def test_damaged_compiled_rules_are_made_anew(tmp_path: Path, content: str) -> None:
    folder, kept = tmp_path / "signatures", tmp_path / "__pycache__" / signature_files.BUILT
    folder.mkdir()
    kept.parent.mkdir()
    rule_file(folder)
    kept.write_text(content)
    assert [rule["id"] for rule in shipped_rules(folder, required_literals)] == ["own-array"]
    assert json.loads(kept.read_text())["content"]


def test_where_nothing_can_be_written_the_rules_are_read_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "signatures"
    folder.mkdir()
    (tmp_path / "__pycache__").write_text("in the way")
    rule_file(folder)
    assert [rule["id"] for rule in shipped_rules(folder, required_literals)] == ["own-array"]


def test_a_catalogue_that_was_built_with_the_package_is_used(tmp_path: Path) -> None:
    """The wheel holds the rules compiled, beside their folder."""
    folder = tmp_path / "signatures"
    folder.mkdir()
    rule_file(folder)
    (tmp_path / signature_files.BUILT).write_text(json.dumps(compiled(folder, required_literals)))
    (folder / "own-array.yaml").unlink()
    assert [rule["id"] for rule in shipped_rules(folder, required_literals)] == ["own-array"]
