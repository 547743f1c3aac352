"""Stories: the events of one object or one request over all hosts and services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Stories:
    """Which rows of an events frame tell of which object.

    Attributes:
        rows: (n,) row numbers of the events frame, grouped by story and in time order within each.
        offsets: (stories + 1,) where each story begins in ``rows``, and their number.
        ended: (stories,) False where the end of the recording cut the story off.
        kind: (stories,) what it is the story of: "instance", "port", "volume", "image", "request", ...
        names: (stories,) the object's id.
    """

    rows: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    ended: npt.NDArray[np.bool_]
    kind: Sequence[str]
    names: Sequence[str]
