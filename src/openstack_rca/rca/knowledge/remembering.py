"""A catalogue that searches the same texts once, however often the question is asked with other rules left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from openstack_rca.rca.knowledge.catalogue import Catalogue
from openstack_rca.rca.knowledge.signature import Signature


class RememberingCatalogue(Catalogue):
    """A catalogue that keeps what it found; ``without`` gives one that shares it.

    Args:
        signatures: the rules.
        found: what the whole catalogue found in texts; for ``without`` alone.
    """

    def __init__(
        self, signatures: Iterable[Signature], found: list[tuple[pl.DataFrame, pl.DataFrame]] | None = None
    ) -> None:
        super().__init__(signatures)
        self._whole = found is None
        self._found = [] if found is None else found

    def without(self, signature_ids: Collection[str]) -> Catalogue:
        """The same catalogue, some signatures left out; nothing that was searched is searched again."""
        if not signature_ids:
            return self
        kept = (signature for signature in self.signatures if signature.id not in signature_ids)
        return RememberingCatalogue(kept, self._found)

    def match(self, texts: pl.DataFrame) -> pl.DataFrame:
        """As ``Catalogue.match``."""
        known = next((found for searched, found in self._found if searched.equals(texts)), None)
        if known is None:
            known = super().match(texts)
            if self._whole:
                self._found.append((texts, known))
        return known if self._whole else known.filter(pl.col("signature_id").is_in([s.id for s in self.signatures]))
