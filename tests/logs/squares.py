"""Which regular expressions of Python can take a time that grows with the square of a text, told by their parse trees.

An expression becomes an automaton with a position for each of its characters. Two of its loops share a text in many ways where one
word leads from the first loop back to it, from the first to the second, and from the second back to it: ``.*a.*b`` on a row of
``a``. What fails behind the second loop is then tried for every share. A search is a loop over all characters before the
expression. A length that is bounded by less than a thousand is no loop, a possessive loop gives nothing back, and what may end
where the second loop stands cannot fail there.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_ALPHABET = [*map(chr, range(128)), "é", "中", "٣"]
_EVERY = (1 << len(_ALPHABET)) - 1
_NEWLINE = 1 << _ALPHABET.index("\n")
_LONG = 1000
_MOST_STATES = 20_000
_CATEGORIES = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda sign: sign.isalnum() or sign == "_",
    sre.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdigit(),
    sre.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
    sre.CATEGORY_NOT_WORD: lambda sign: not (sign.isalnum() or sign == "_"),
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_Part = tuple[set[int], set[int], bool]
"""Where a part begins, where it ends, and whether it may be empty."""


def quadratic(pattern: str | bytes, flags: int = 0, *, searched: bool) -> str | None:
    """A word that two loops share, after which the expression may fail; None where there is none.

    Args:
        searched: whether it may begin anywhere in a text.
    """
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    return _Automaton(text, flags & ~re.UNICODE, searched).shared_word()


class _Automaton:
    def __init__(self, pattern: str, flags: int, searched: bool) -> None:
        tree = parser.parse(pattern, flags)
        self.flags = tree.state.flags | flags
        self.signs: list[int] = []
        self.next: list[set[int]] = []
        self.atoms: list[tuple[object, ...]] = []
        self.twice: list[int] = []
        self.ends: set[int] = set()
        first, last, _ = self.sequence(tree, ())
        self.ends |= last
        if searched:
            start = self.position(_EVERY, ())
            self.next[start] = {start, *first}

    def position(self, signs: int, atoms: tuple[object, ...]) -> int:
        self.signs.append(signs)
        self.next.append(set())
        self.atoms.append(atoms)
        return len(self.signs) - 1

    def one(self, signs: int, atoms: tuple[object, ...]) -> _Part:
        if self.flags & re.IGNORECASE:
            signs |= _mask(sign for sign in _ALPHABET if signs & _mask([sign.swapcase()]))
        only = {self.position(signs, atoms)}
        return only, only, False

    def sequence(self, items: Sequence[tuple[Any, Any]], atoms: tuple[object, ...]) -> _Part:
        first: set[int] = set()
        last: set[int] = set()
        empty = True
        for operator, value in items:
            begins, ends, may_miss = self.item(operator, value, atoms, not self.signs)
            for before in last:
                self.next[before] |= begins
            first |= begins if empty else set()
            last = last | ends if may_miss else set(ends)
            empty = empty and may_miss
        return first, last, empty

    def item(self, operator: Any, value: Any, atoms: tuple[object, ...], ahead: bool) -> _Part:
        if operator in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            return self.one(self.signs_of(operator, value), atoms)
        if operator is sre.SUBPATTERN:
            outer, self.flags = self.flags, (self.flags | value[1]) & ~value[2]
            part = self.sequence(value[3], atoms)
            self.flags = outer
            return part
        if operator is sre.ATOMIC_GROUP:
            return self.sequence(value, (*atoms, object()))
        if operator is sre.BRANCH:
            parts = [self.sequence(branch, atoms) for branch in value[1]]
            return (
                set().union(*(part[0] for part in parts)),
                set().union(*(part[1] for part in parts)),
                any(part[2] for part in parts),
            )
        if operator in _REPEATS:
            return self.repeat(value, (*atoms, object()) if operator is sre.POSSESSIVE_REPEAT else atoms)
        if operator is sre.AT and value in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
            lines = self.flags & re.MULTILINE and value is sre.AT_BEGINNING
            return self.one(_NEWLINE if lines else 0, atoms)
        if operator is sre.AT and value in (sre.AT_END, sre.AT_END_STRING):
            return self.one(0, atoms)
        if operator in (sre.ASSERT, sre.ASSERT_NOT) and value[0] > 0:
            first, last, _ = self.sequence(value[1], (*atoms, object()))
            self.ends |= last
            return first, set(), True
        if operator is sre.ASSERT_NOT and ahead and len(value[1]) == 1:
            # What may not stand before the first character.
            return self.one(_EVERY & ~self.signs_of(*value[1][0]), atoms)
        return set(), set(), True

    def signs_of(self, operator: Any, value: Any) -> int:
        if operator is sre.ANY:
            return _EVERY if self.flags & re.DOTALL else _EVERY & ~_NEWLINE
        if operator is sre.LITERAL:
            return _mask([chr(value)])
        if operator is sre.NOT_LITERAL:
            return _EVERY & ~_mask([chr(value)])
        return _mask(sign for sign in _ALPHABET if _is_of(value, sign))

    def repeat(self, value: Any, atoms: tuple[object, ...]) -> _Part:
        least, most, body = value
        first, last, empty = self.sequence(body, atoms)
        if most > _LONG:
            for before, behind in product(last, first):
                if behind in self.next[before] and self.signs[before] & self.signs[behind]:
                    self.twice.append(behind)
                self.next[before].add(behind)
        return first, last, empty or least == 0

    def shared_word(self) -> str | None:
        ahead = [self.reached(place) for place in range(len(self.signs))]
        circles = [{other for other in ahead[place] if place in ahead[other]} for place in range(len(self.signs))]
        failing = {place for place, circle in enumerate(circles) if circle and self.may_fail(place, circle)}
        if any(place in failing for place in self.twice):
            return "a loop in a loop"
        for one, other in product(range(len(self.signs)), failing):
            kept = all(atom in self.atoms[other] for atom in self.atoms[one])
            if one != other and one in circles[one] and other in ahead[one] and kept:
                between = {place for place in ahead[one] if other in ahead[place]}
                word = self.word(one, other, circles, between)
                if word is not None:
                    return word
        return None

    def reached(self, place: int) -> set[int]:
        seen: set[int] = set()
        todo = [place]
        while todo:
            new = self.next[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    def may_fail(self, place: int, circle: set[int]) -> bool:
        ends_line = any(self.signs[behind] == 0 for behind in self.next[place])
        return circle.isdisjoint(self.ends) and not (ends_line and self.signs[place] | _NEWLINE == _EVERY)

    def word(self, one: int, other: int, circles: list[set[int]], between: set[int]) -> str | None:
        begun = (one, one, other)
        before: dict[tuple[int, int, int], tuple[tuple[int, int, int], str]] = {}
        todo = [begun]
        for state in todo:
            steps = product(
                self.next[state[0]] & circles[one],
                self.next[state[1]] & (between | {other}),
                self.next[state[2]] & circles[other],
            )
            for step in steps:
                common = self.signs[step[0]] & self.signs[step[1]] & self.signs[step[2]]
                if not common or step in before:
                    continue
                before[step] = state, _ALPHABET[common.bit_length() - 1]
                if step == (one, other, other):
                    return self.spelled(before, begun, step)
                todo.append(step)
            assert len(before) < _MOST_STATES, "too many ways through it"
        return None

    def spelled(
        self, before: dict[tuple[int, int, int], tuple[tuple[int, int, int], str]], begun: object, state: Any
    ) -> str:
        word = ""
        while state != begun:
            state, sign = before[state]
            word = sign + word
        return word


def _mask(signs: Iterable[str]) -> int:
    return sum(1 << _ALPHABET.index(sign) for sign in set(signs) if sign in _ALPHABET)


def _is_of(members: Sequence[tuple[Any, Any]], sign: str) -> bool:
    found = refused = False
    for operator, value in members:
        refused |= operator is sre.NEGATE
        found |= operator is sre.LITERAL and ord(sign) == value
        found |= operator is sre.RANGE and value[0] <= ord(sign) <= value[1]
        found |= operator is sre.CATEGORY and bool(_CATEGORIES[value](sign))
    return found != refused
