"""Figures of merit, in NumPy."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]


def class_measures(truth: Numbers, predicted: Numbers) -> dict[str, float]:
    """Accuracy, precision and recall of a choice among many classes.

    ``precision`` and ``recall`` weigh each class by how often it occurs; so weighted, recall equals accuracy by
    definition, and ``macro_precision`` and ``macro_recall`` (each class that occurs counts the same; a class that is
    never predicted has precision 0) say what the frequent classes hide. All are NaN on no events.
    """
    if not len(truth):
        return dict.fromkeys(("accuracy", "precision", "recall", "macro_precision", "macro_recall"), float("nan"))
    size = int(max(truth.max(), predicted.max())) + 1
    occurs = np.bincount(truth, minlength=size)
    chosen = np.bincount(predicted, minlength=size)
    right = np.bincount(truth[truth == predicted], minlength=size)
    precision = right / np.maximum(chosen, 1)
    recall = right / np.maximum(occurs, 1)
    there = occurs > 0
    return {
        "accuracy": float(right.sum() / occurs.sum()),
        "precision": float((precision * occurs).sum() / occurs.sum()),
        "recall": float((recall * occurs).sum() / occurs.sum()),
        "macro_precision": float(precision[there].mean()),
        "macro_recall": float(recall[there].mean()),
    }


def auroc(truth: Numbers, values: Numbers) -> float:
    """Chance that a positive's value is above a negative's, ties counted half (Mann and Whitney); NaN if one is absent."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return float("nan")
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2.0)[place]
    return float((ranks[truth].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def binary_measures(truth: Numbers, flagged: Numbers) -> dict[str, float]:
    """Precision, recall and F1 of a yes-no decision; 0 where nothing is flagged or nothing is true."""
    hits = int((truth & flagged).sum())
    precision = hits / max(int(flagged.sum()), 1)
    recall = hits / max(int(truth.sum()), 1)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(precision + recall, 1e-12)}
