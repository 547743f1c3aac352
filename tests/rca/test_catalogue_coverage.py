"""What the catalogue covers, and that it keeps silent on logs of a healthy cloud."""

import importlib.util
from pathlib import Path

import polars as pl

from openstack_rca.logs.events import read_logs
from openstack_rca.rca.evidence import overshadowed
from openstack_rca.rca.knowledge import Catalogue, event_text, load_catalogue, load_topology, own_signatures

ROOT = Path(__file__).resolve().parents[2]
SIGNATURES = ROOT / "src" / "openstack_rca" / "rca" / "knowledge" / "signatures"
CATALOGUE = load_catalogue()


def test_the_table_of_the_documentation_is_that_of_the_catalogue() -> None:
    """scripts/make_signature_table.py writes it anew."""
    path = ROOT / "scripts" / "make_signature_table.py"
    spec = importlib.util.spec_from_file_location("make_signature_table", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
    assert module.with_table(text) == text


def test_the_catalogue_holds_hundreds_of_faults_and_known_bugs() -> None:
    """Each has its cases, which the test of the cases runs."""
    assert len(CATALOGUE) >= 500
    assert sum(bool(rule.bug) for rule in CATALOGUE.signatures) >= 60


def test_a_rule_that_says_what_another_says_is_named_with_it() -> None:
    """Whoever writes one learns of it from ``signatures lint``."""
    rule = own_signatures(SIGNATURES / "host" / "host-oom-kill.yaml")[0]
    double = rule.model_copy(update={"id": "a-double", "weight": rule.weight / 2})
    assert overshadowed([double], Catalogue([double, rule]), load_topology()) == {"a-double": {rule.id}}


def test_every_known_bug_says_in_which_releases() -> None:
    """A number alone helps nobody who wants to know whether an update mends it."""
    assert [rule.id for rule in CATALOGUE.signatures if bool(rule.bug) != bool(rule.releases)] == []


def test_no_signature_speaks_of_a_fault_on_the_healthy_sample() -> None:
    """Only what says that somebody was stopped, started or changed, and what healthy clouds log too, may match."""
    events = read_logs([ROOT / "samples" / "normal"]).events
    texts = events.with_row_index("key").select("key", "service", "level", text=event_text())
    found = {CATALOGUE.get(name) for name in CATALOGUE.match(texts)["signature_id"].unique()}
    assert [rule.id for rule in found if rule.weight > 0.5 and rule.phase is None and rule.at_least == 1] == []


def test_the_search_tells_apart_two_thousand_distinct_lines_at_once() -> None:
    """Literals are looked for in one pass: a line that holds none of a rule's is never given to its expression."""
    lines = [f"array{number}: all is well" for number in range(2000)] + [
        "kernel: nf_conntrack: table full, dropping packet"
    ]
    frame = pl.DataFrame({"key": range(len(lines)), "service": None, "level": "INFO", "text": lines})
    assert set(CATALOGUE.match(frame)["key"]) == {2000}
