"""The table of weights: each number is read somewhere, has a unit and a meaning, and decides where its case shows it."""

import re
from pathlib import Path

import pytest
from weight_cases import CASES

from openstack_rca.rca.weights import Weights, current, noting, numbers, scaled, using

ROOT = Path(__file__).resolve().parents[2]
RCA = ROOT / "src" / "openstack_rca" / "rca"


@pytest.mark.parametrize("name", [number.name for number in numbers()])
def test_a_number_halved_or_doubled_changes_what_its_case_comes_to(name: str) -> None:
    """A number that changes nothing has no place in the table."""
    case = CASES[name]
    plain = case()
    outcomes = []
    for factor in (0.5, 2.0):
        with using(scaled(name, factor)):
            outcomes.append(case())
    assert any(outcome != plain for outcome in outcomes)


def test_every_number_has_a_meaning_of_its_own_and_is_read_somewhere() -> None:
    """No two say the same, and none is left behind when the rule that read it goes."""
    table = numbers()
    assert len({number.meaning for number in table}) == len(table)
    text = "\n".join(path.read_text() for path in RCA.rglob("*.py") if path.name != "weights.py")
    unread = [
        number.name for number in table if not re.search(rf"(?:table|weights|current\(\))\.{number.name}\b", text)
    ]
    assert unread == []


def test_the_documented_table_is_the_real_one() -> None:
    """docs/weights.md lists every number with its value, unit and meaning, and no other."""
    page = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (`.*?) \|(?= [^|]* \| [^|]* \|$)", page, re.MULTILINE)
    real = [f"`{item.name}` | {item.value:g} | {item.unit.value} | {item.meaning}" for item in numbers()]
    assert told == real


def test_another_table_holds_for_its_question_only() -> None:
    """Also where the question fails."""
    with pytest.raises(RuntimeError), using(Weights(silence=0.1)):
        assert current().silence == 0.1
        raise RuntimeError
    assert current() == Weights()


def test_what_is_read_is_noted() -> None:
    """Names of the numbers that were asked for, and no others."""
    read: set[str] = set()
    with noting(read):
        assert current().silence == Weights().silence
    assert read == {"silence"}
    assert current().plain and read == {"silence"}
