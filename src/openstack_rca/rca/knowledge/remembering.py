"""A catalogue that searches a text once, however often it is asked about it and with whichever rules left out."""

from collections.abc import Collection, Iterable

import polars as pl

from openstack_rca.logs.event_table import detached
from openstack_rca.rca.knowledge.catalogue import HITS, Catalogue
from openstack_rca.rca.knowledge.signature import Signature

_FORGOTTEN_BEYOND = 1000
_TEXT = ["service", "level", "text"]


class _Searched:
    """Texts that were searched, each with a number, and the hits, whose ``key`` is that number."""

    def __init__(self) -> None:
        self.texts = pl.DataFrame(schema={**dict.fromkeys(_TEXT, pl.String), "number": pl.Int64})
        self.hits = pl.DataFrame(schema=HITS)
        self.next = 0

    def numbered(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The texts with their ``number``, which is null where they were not searched."""
        return asked.join(self.texts, on=_TEXT, how="left", nulls_equal=True, maintain_order="left")

    def keep_only(self, asked: pl.DataFrame) -> None:
        """Forget what was not asked about, where that is the larger part."""
        if self.texts.height > 2 * asked.height + _FORGOTTEN_BEYOND:
            self.texts = self.texts.join(asked, on=_TEXT, how="semi", nulls_equal=True)
            self.hits = self.hits.join(self.texts, left_on="key", right_on="number", how="semi", maintain_order="left")


class RememberingCatalogue(Catalogue):
    """A catalogue that keeps what it found in the texts of the last questions; ``without`` gives one that shares it."""

    def __init__(self, signatures: Iterable[Signature], searched: _Searched | None = None) -> None:
        super().__init__(signatures)
        self._whole = searched is None
        self._searched = searched or _Searched()

    def without(self, signature_ids: Collection[str]) -> Catalogue:
        """The same catalogue, some signatures left out; nothing that was searched is searched again."""
        if not signature_ids:
            return self
        kept = (signature for signature in self.signatures if signature.id not in signature_ids)
        return RememberingCatalogue(kept, self._searched)

    def match(self, texts: pl.DataFrame) -> pl.DataFrame:
        """As ``Catalogue.match``."""
        memory = self._searched
        asked = texts.select(pl.col("key").cast(pl.Int64), pl.col(_TEXT).cast(pl.String))
        numbered = memory.numbered(asked)
        new = numbered.filter(pl.col("number").is_null())
        if new.height:
            if not self._whole:
                return super().match(texts)
            new = detached(new.unique(_TEXT, maintain_order=True))
            new = new.with_columns(key=pl.int_range(memory.next, memory.next + new.height))
            memory.next += new.height
            memory.texts = pl.concat([memory.texts, new.select(*_TEXT, number="key")])
            memory.hits = pl.concat([memory.hits, super().match(new)])
            numbered = memory.numbered(asked)
        memory.keep_only(asked)
        keys = numbered.select(pl.col("key").alias("asked"), pl.col("number").alias("key"))
        hits = memory.hits.join(keys, on="key", how="inner", maintain_order="left")
        known = hits.with_columns(key="asked").drop("asked").sort("key", "signature_id", maintain_order=True)
        return known if self._whole else known.filter(pl.col("signature_id").is_in([s.id for s in self.signatures]))
