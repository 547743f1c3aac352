"""What each number and each rule is worth: the answers that change when it is halved, doubled or left out."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openstack_rca.rca.weights import Number


@dataclass(frozen=True)
class ShortAnswer:
    """What of an answer is compared.

    Attributes:
        first: the component that is named first; None where no failure was found.
        told: whether statement or first line hold one of the label's facts; None where the label has none.
    """

    first: str | None
    category: str | None
    verdict: str
    told: bool | None


@dataclass(frozen=True)
class ChangedAnswer:
    """One incident whose answer differs.

    Attributes:
        subject: name of the number, or id of the rule.
        how: ``halved``, ``doubled`` or ``off``.
        gained: 1 if the first answer becomes right by it, -1 if it becomes wrong, else 0.
    """

    subject: str
    how: str
    incident: str
    before: ShortAnswer
    after: ShortAnswer
    gained: int = 0

    def as_json(self) -> dict[str, Any]:
        """The incident, and each part of the answer that differs with what it was and what it becomes."""
        parts = ("first", "category", "verdict", "told")
        differing = {
            name: [getattr(self.before, name), getattr(self.after, name)]
            for name in parts
            if getattr(self.before, name) != getattr(self.after, name)
        }
        return {"incident": self.incident, "how": self.how, "gained": self.gained, "changes": differing}


def sensitivity_table(
    numbers: Sequence[Number], matched: dict[str, int], changes: Sequence[ChangedAnswer]
) -> dict[str, Any]:
    """The result of ``evaluate --sensitivity``.

    Args:
        numbers: the table of weights.
        matched: in how many incidents each rule found something; the others were not switched off.
        changes: every answer that changed.

    Returns:
        ``numbers`` and ``rules``, those that change most first, each with its ``changes``; and the names of those that
        change nothing.
    """
    by_subject: dict[str, list[ChangedAnswer]] = defaultdict(list)
    for change in changes:
        by_subject[change.subject].append(change)

    def told(name: str) -> dict[str, Any]:
        own = by_subject.get(name, [])
        return {
            "answers": len({change.incident for change in own}),
            "right_to_wrong": sum(change.gained < 0 for change in own),
            "wrong_to_right": sum(change.gained > 0 for change in own),
            "changes": [change.as_json() for change in own],
        }

    rows = [
        {"name": item.name, "value": item.value, "unit": item.unit.value, "meaning": item.meaning} | told(item.name)
        for item in numbers
    ]
    rules = [{"name": name, "matched": count} | told(name) for name, count in sorted(matched.items())]
    return {
        "numbers": sorted(rows, key=lambda row: (-row["answers"], row["name"])),
        "rules": sorted(rules, key=lambda row: (-row["answers"], row["name"])),
        "numbers_without_effect": [row["name"] for row in rows if not row["answers"]],
        "rules_without_effect": [row["name"] for row in rules if not row["answers"]],
    }
