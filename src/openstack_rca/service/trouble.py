"""Which events of a recording tell of a failure by the rules of the analysis: nothing normal is to be learned from them."""

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.logs.levels import COMPLAINTS, FAILURES
from openstack_rca.rca.knowledge import Catalogue, event_text
from openstack_rca.rca.vocabulary import Directness


def find_trouble(table: EventTable, catalogue: Catalogue) -> npt.NDArray[np.bool_]:
    """(events,) True where something fails: a signature matches a complaint, or an exception ended as an error.

    What healthy clouds log now and then too (signatures that need a number of hits, orderly stops and starts) is no
    trouble, and neither is a symptom alone, which only says that something else may be at fault.
    """
    level = pl.col("level").cast(pl.String)
    rows = table.counted.select(level.is_in(COMPLAINTS).arg_true().alias("row")).to_series()
    complaints = table.take(rows, ("service", "level", "message", "exception", "detail")).with_columns(rows)
    texts = complaints.select("row", "service", level.alias("level"), event_text().alias("text"))
    keyed = texts.with_columns(pl.struct("service", "level", "text").rank("dense").cast(pl.Int64).alias("key"))
    hits = catalogue.match(keyed.select("key", "service", "level", "text").unique(maintain_order=True))
    failing = [
        signature.id
        for signature in catalogue.signatures
        if signature.at_least == 1 and signature.phase is None and signature.directness is not Directness.SYMPTOM
    ]
    keys = hits.filter(pl.col("signature_id").is_in(failing))["key"].unique()
    called = keyed.filter(pl.col("key").is_in(keys.implode()))["row"]
    raised = complaints.filter(level.is_in(FAILURES) & pl.col("exception").is_not_null())["row"]
    trouble = np.zeros(table.height, dtype=np.bool_)
    trouble[called.to_numpy()] = True
    trouble[raised.to_numpy()] = True
    return trouble
