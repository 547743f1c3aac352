"""The simplest rivals, on the same data as the network: what a claim for the LSTM has to stand beside."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.sequences import Steps

BoolArray = npt.NDArray[np.bool_]

DETECTORS = ("lstm", "unseen_event", "obligatory_event", "follow_rule")
"""What tells a spoilt story from a normal one: the network, and its simplest rivals."""


def next_template_rivals(steps: Steps, learn: BoolArray, judge: BoolArray, classes: int) -> dict[str, float]:
    """Unigram and bigram next-template prediction, per service.

    The unigram always names the service's most frequent template, the bigram the most frequent successor of the
    current one in the same service (the unigram's where there is none). The bigram's loss is that of Witten and Bell's
    interpolation: the bigram with the service's unigram, and that with the uniform distribution.

    Args:
        steps: all streams.
        learn, judge: (steps,) which targets are counted and which are predicted.
        classes: number of classes.

    Returns:
        ``unigram_accuracy``, ``bigram_accuracy`` (shares) and ``bigram_loss`` (nats per event).
    """
    service = steps.kind_service[steps.kind].astype(np.int64)
    context = service * (classes + 4) + steps.kind_template[steps.kind]
    target = steps.target.astype(np.int64)
    unigram = _Counts(service[learn], target[learn], classes)
    bigram = _Counts(context[learn], target[learn], classes)
    truth = target[judge]
    first = unigram.most_frequent(service[judge])
    second = bigram.most_frequent(context[judge])
    second = np.where(second < 0, first, second)
    low = unigram.interpolated(service[judge], truth, np.full(len(truth), 1.0 / classes))
    high = bigram.interpolated(context[judge], truth, low)
    return {
        "unigram_accuracy": float((first == truth).mean()),
        "bigram_accuracy": float((second == truth).mean()),
        "bigram_loss": float(-np.log(high).mean()),
    }


class _Counts:
    """Counts of (context, class) pairs."""

    def __init__(self, context: npt.NDArray[np.int64], target: npt.NDArray[np.int64], classes: int) -> None:
        self._classes = classes
        if not len(context):
            # A pair that no key equals, so that look-ups need no case of their own.
            context, target = np.array([-1]), np.array([0])
        self._pairs, self._pair_counts = np.unique(context * classes + target, return_counts=True)
        pair_context = self._pairs // classes
        self._contexts, first = np.unique(pair_context, return_index=True)
        self._totals = np.add.reduceat(self._pair_counts, first)
        self._kinds = np.diff(np.append(first, len(self._pairs)))
        order = np.lexsort((self._pairs, -self._pair_counts, pair_context))
        self._best = (self._pairs % classes)[order][first]

    def _place(
        self, table: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], BoolArray]:
        place = np.minimum(np.searchsorted(table, keys), len(table) - 1).astype(np.int64)
        return place, table[place] == keys

    def most_frequent(self, context: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Class seen most often in each context, -1 where the context is new."""
        place, known = self._place(self._contexts, context)
        return np.where(known, self._best[place], -1)

    def interpolated(
        self, context: npt.NDArray[np.int64], target: npt.NDArray[np.int64], lower: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Probability of each target, mixed with the lower order's by how many classes the context has had."""
        place, known = self._place(self._contexts, context)
        total = np.where(known, self._totals[place], 0)
        kinds = np.where(known, self._kinds[place], 1)
        pair, seen = self._place(self._pairs, context * self._classes + target)
        count = np.where(seen, self._pair_counts[pair], 0)
        mixed: npt.NDArray[np.float64] = (count + kinds * lower) / (total + kinds)
        return mixed


def unseen_rival(events: pl.DataFrame, busiest: pl.DataFrame) -> BoolArray:
    """(events,) True where the template is not in ``baseline.busiest_minutes`` of what was learned."""
    return (~events["template_id"].is_in(busiest["template_id"].unique().implode())).to_numpy()


def rate_rival(events: pl.DataFrame, busiest: pl.DataFrame) -> npt.NDArray[np.float64]:
    """(events,) the minute's count of the event's template over that of its busiest minute (``baseline.busiest_minutes``)."""
    key = ["template_id", "service"]
    counted = events.select(
        "template_id",
        pl.col("service").fill_null(""),
        pl.len().over("template_id", pl.col("service").fill_null(""), pl.col("time").dt.truncate("1m")).alias("count"),
    ).join(busiest, on=key, how="left", maintain_order="left")
    return (
        counted.select(pl.col("count") / pl.col("busiest_minute").fill_null(0).clip(lower_bound=1))
        .to_series()
        .to_numpy()
    )


def best_story_detector(metrics: Mapping[str, float]) -> str:
    """The detector (of ``DETECTORS``) that best told spoilt held-back stories from whole ones, by area under the ROC curve.

    ``metrics`` are those of a training card. Returns the first of several that are best; empty where the network's own
    was not measured.
    """
    found = {"lstm": metrics.get("story_auroc", np.nan)}
    found |= {name: metrics.get(f"rival_{name}_story_auroc", np.nan) for name in DETECTORS[1:]}
    measured = {name: value for name, value in found.items() if np.isfinite(value)}
    return max(measured, key=lambda name: measured[name]) if "lstm" in measured else ""


def best_step_predictor(metrics: Mapping[str, float]) -> str:
    """``lstm`` or ``bigram``: whose loss on the held-back events is lower; empty where it was not measured."""
    own, rival = metrics.get("test_loss", np.nan), metrics.get("rival_bigram_test_loss", np.nan)
    if not (np.isfinite(own) and np.isfinite(rival)):
        return ""
    return "lstm" if own <= rival else "bigram"


def best_step_source(metrics: Mapping[str, float], state: str) -> str:
    """``lstm`` or ``follow_rule``: which has the higher F1 at finding missing, or late, steps in held-back requests.

    Args:
        metrics: of a training card.
        state: ``missing`` or ``late``, of steps between services; ``within_missing``, ``within_late``: within one.

    Returns:
        Empty where it was not measured.
    """
    own, rival = metrics.get(f"story_{state}_f1", np.nan), metrics.get(f"rival_follow_rule_story_{state}_f1", np.nan)
    if not (np.isfinite(own) and np.isfinite(rival)):
        return ""
    return "lstm" if own >= rival else "follow_rule"
