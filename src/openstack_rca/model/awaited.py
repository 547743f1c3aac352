"""How many lines of a kind the network awaited while none came: what a process no longer does, though it goes on."""

import numpy as np
import numpy.typing as npt

from openstack_rca.model.sequences import Steps
from openstack_rca.model.vocabulary import FloatArray, IntegerArray

SLICE_STEPS = 16
"""Probabilities are added up by slices of so many steps of a stream; of more in a long recording."""
_CELLS = 16_000_000
"""Sums that are held at most: 64 MB."""


class Tally:
    """Sums of the probabilities that the network gave each class, slice by slice.

    If what a process does follows its normal order, the sum that a class gathers from one of its events to the next is
    exponential with mean 1, whatever else is logged and however much (the time-rescaling theorem; Brown et al., "The
    time-rescaling theorem and its application to neural spike train data analysis", 2002).
    """

    def __init__(self, steps: Steps, classes: int) -> None:
        size = max(SLICE_STEPS, -(-steps.count * classes // _CELLS))
        lengths = np.diff(steps.starts)
        slices = -(-lengths // size)
        first = np.cumsum(slices) - slices
        within = np.arange(steps.count) - np.repeat(steps.starts[:-1], lengths)
        self._steps = steps
        self._slice: npt.NDArray[np.int64] = np.repeat(first, lengths) + within // size
        self._sums = np.zeros((int(slices.sum()) + 1, classes), dtype=np.float32)

    def add(self, weights: FloatArray, total: FloatArray, at: IntegerArray, repeated: npt.NDArray[np.int64]) -> None:
        """Add probabilities, which are weights (rows, classes) by their total; step ``at[i]`` is that of row ``repeated[i]``."""
        rows = len(weights)
        pairs, counts = np.unique(self._slice[at] * rows + repeated, return_counts=True)
        slices, row = np.divmod(pairs, rows)
        shares = (counts / total[row]).astype(np.float32)
        begins = np.flatnonzero(np.diff(slices, prepend=-1)).tolist()
        # A product for each slice: the steps of one stand together, and np.add.reduceat takes several times as long.
        for begin, end in zip(begins, [*begins[1:], len(pairs)], strict=True):
            self._sums[slices[begin]] += shares[begin:end] @ weights[row[begin:end]]

    def awaited(self) -> FloatArray:
        """(events,) events of the same class that the network expected of the stream before the next one, or the end, came.

        Whole slices between the two count, so it is rather too few. 0 for the class "other".
        """
        steps = self._steps
        before = np.zeros_like(self._sums)
        np.cumsum(self._sums[:-1], axis=0, out=before[1:])
        stream = np.repeat(np.arange(len(steps.starts) - 1), np.diff(steps.starts))
        # A class is the target of the step before the event's own.
        told = np.flatnonzero(steps.target > 0)
        told = told[np.lexsort((told, steps.target[told], stream[told]))]
        classes = steps.target[told]
        follows = (np.diff(classes, append=-1) == 0) & (np.diff(stream[told], append=-1) == 0)
        until = np.where(follows, np.append(told[1:], 0), steps.starts[1:][stream[told]] - 1)
        begin, end = self._slice[told] + 1, self._slice[until]
        sums = np.where(end > begin, before[end, classes] - before[np.minimum(begin, end), classes], 0.0)
        found = np.zeros(int((steps.event >= 0).sum()), dtype=np.float32)
        found[steps.target_event[told]] = sums
        return found
