"""What a version says of itself where it is listed: written once, at its publishing.

MLflow's pages show the text as Markdown. Whoever describes a version in words of his own replaces it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from openstack_rca.lifecycle.records import TAG, TAG_ABOUT, Draft
from openstack_rca.plain_text import counted

LONGEST = 2000
RIVAL, TEST = "rival_", "test_"
FIGURES = {
    "test_accuracy": "accuracy on held-back logs",
    "test_loss": "loss on held-back logs (nats per event)",
    "story_auroc": "area under the curve for spoilt stories",
    "accuracy": "accuracy",
    "loss": "loss",
}
"""Figures that are told, the most telling first; ``accuracy`` and ``loss`` only where there are none of held-back logs."""
DATA = ("data_fingerprint", "events", "templates", "services", "hosts", "mask_version")


@dataclass(frozen=True)
class Before:
    """The version that a description compares the new one with: its number and facts of its manifest."""

    version: int
    metrics: Mapping[str, float]
    parameters: Mapping[str, Any]
    card: Mapping[str, Any]


def introduced(draft: Draft, metadata: Mapping[str, str], before: Before | None) -> Draft:
    """The draft with the generated description in its tags; ``metadata`` are the tags that the publisher gave."""
    about = introduction(draft.card, draft.metrics, draft.parameters, metadata, draft.run_id, before)
    return replace(draft, tags={**draft.tags, **({TAG_ABOUT: about} if about else {})})


def introduction(
    card: Mapping[str, Any],
    metrics: Mapping[str, float],
    parameters: Mapping[str, Any],
    metadata: Mapping[str, str],
    run_id: str | None,
    before: Before | None,
) -> str:
    """The description of a version: a few lines of Markdown, of which lists show the first one.

    Args:
        card: what the training wrote of its data; empty for a model that tells nothing.
        metrics: of the training; a rival's figure is called ``rival_<name>_<figure>``.
    """
    told = [f"- {line}" for line in (*_figures(metrics), *_changes(card, metrics, parameters, before))]
    if metadata:
        told.append(
            "- " + ", ".join(f"{_plain(_in_words(name))}: {_plain(value)}" for name, value in sorted(metadata.items()))
        )
    if run_id:
        told.append(f"- made by [run {run_id[:8]}](#/runs/{run_id})")
    head = _data(card)
    lines = [head, "", *told] if head and told else [head, *told]
    return "\n".join(lines).strip()[:LONGEST]


def _in_words(name: str) -> str:
    """A name of metadata: our own in words, anybody else's as it is."""
    return name.removeprefix(TAG).replace("_", " ") if name.startswith(TAG) else name


def _data(card: Mapping[str, Any]) -> str:
    if not card.get("events"):
        return ""
    services, hosts = counted(card.get("services", 0), "service"), counted(card.get("hosts", 0), "host")
    text = f"{counted(card['events'], 'event')} of {services} on {hosts}"
    if card.get("first") and card.get("last"):
        text += f", {str(card['first'])[:16].replace('T', ' ')} to {str(card['last'])[:16].replace('T', ' ')} UTC"
    if card.get("source"):
        text += f", from {_plain(card['source'])}"
    parent = (card.get("parent") or {}).get("name")
    return text + (f", added to {_plain(parent)}" if parent else "")


def _figures(metrics: Mapping[str, float]) -> list[str]:
    lines = []
    for name in told_figures(metrics):
        rivals = {
            key.removeprefix(RIVAL).removesuffix(name).strip("_").replace("_", " "): value
            for key, value in metrics.items()
            if key.startswith(RIVAL) and key.endswith(f"_{name}") and not key.endswith(f"_{TEST}{name}")
        }
        beside = ", ".join(f"{rival} {_number(value)}" for rival, value in sorted(rivals.items()))
        lines.append(f"{FIGURES[name]}: {_number(metrics[name])}" + (f" (rivals: {beside})" if beside else ""))
    return lines


def told_figures(metrics: Mapping[str, float]) -> list[str]:
    """The names of those metrics that a description shows."""
    return [
        name for name in FIGURES if name in metrics and not (name in ("accuracy", "loss") and TEST + name in metrics)
    ]


def _changes(
    card: Mapping[str, Any], metrics: Mapping[str, float], parameters: Mapping[str, Any], before: Before | None
) -> list[str]:
    if before is None:
        return []
    parts = [
        f"{FIGURES[name]} {_number(before.metrics[name])} then, {_number(metrics[name])} now"
        for name in told_figures(metrics)
        if name in before.metrics
    ]
    data = [name for name in DATA if card.get(name) != before.card.get(name)]
    if "data_fingerprint" in data:
        counts = [f"{name} {before.card.get(name)} to {card.get(name)}" for name in data if name != "data_fingerprint"]
        parts.append(f"other data ({', '.join(counts)})" if counts else "other data")
    else:
        parts.append("the same data")
    changed = [name for name in sorted(parameters) if str(parameters[name]) != str(before.parameters.get(name))]
    parts += [f"{_plain(name)} {_plain(before.parameters.get(name))} to {_plain(parameters[name])}" for name in changed]
    return [f"against version {before.version}: {'; '.join(parts)}"]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _plain(value: object) -> str:
    """Text of others inside Markdown: one line, as code, so that no mark-up in it is obeyed."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(value)).replace("`", "'")
    return f"`{text[:200]}`"
