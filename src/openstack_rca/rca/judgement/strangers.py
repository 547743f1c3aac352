"""Strangers: addresses that several services turned away and none ever served, as a scan of ports and passwords is."""

import polars as pl

from openstack_rca.rca.knowledge import Topology
from openstack_rca.rca.weights import current

_ADDRESS = r"\b(\d{1,3}(?:\.\d{1,3}){3})\b"
_TURNED_AWAY = (
    r"(?i)\bSSL handshake\b|\bbad_header\b|unauthenticated|\[preauth\]|^Authorization failed\b|\bInvalid user \w"
    r'|" 4\d\d |<BADREQ>|\bno matching [\w ]+ found\b|\bunsupported protocol\b|\bwrong version number\b'
)
"""How servers tell of a client that does not speak their protocol, or whom they do not know."""

_CALLED = rf"(?:://|\bhost='?|\bserver on '?){_ADDRESS}"
_WITH_PORT = rf"{_ADDRESS}:(\d{{2,5}})\b"
"""How callers tell of an address: in a link, or with the port of a service of the cloud. They see the same refusals."""

_SERVED = r'" [23]\d\d |\b[23]\d\d \d+ - - |\bgranted access\b|\bAccepted (?:publickey|password)\b'

_OPEN_TO_ALL = r'"(?:OPTIONS|TRACE) |"(?:GET|HEAD) /(?:v\d[\d.]*/?|(?:\w+/)?auth/login/?)?(?:\?\S*)? HTTP'
"""What an API, or the dashboard, answers to anybody who asks: who it is, and its form for the log-in."""


def rows_of_strangers(window: pl.DataFrame, topology: Topology) -> set[int]:
    """Rows of ``window`` that tell of a stranger: whom three services or more turned away, none served, and nobody called."""
    told = window.drop_nulls("text").select("row", "component", "host", "time", "text")
    told = told.with_columns(address=pl.col("text").str.extract(_ADDRESS))
    known = told.drop_nulls("address")
    turned_away = pl.col("text").str.contains(_TURNED_AWAY)
    served = pl.col("text").str.contains(_SERVED) & ~pl.col("text").str.contains(_OPEN_TO_ALL)
    strangers = known.group_by("address").agg(
        by=pl.col("component").filter(turned_away).n_unique(), served=(served & ~turned_away).any()
    )
    strangers = strangers.filter((pl.col("by") >= current().enough_others + 1) & ~pl.col("served"))
    if strangers.is_empty():
        return set()
    strangers = strangers.filter(~pl.col("address").is_in(_called(known["text"], topology)))
    theirs = known.join(strangers, on="address", how="semi")
    # What speaks of the protocol alone belongs to the address that the same server names in the same second.
    place = [pl.col("component"), pl.col("host"), pl.col("time").dt.truncate("1s")]
    nameless = told.filter(turned_away & pl.col("address").is_null())
    nameless = nameless.join(theirs, on=place, how="semi", nulls_equal=True)
    return {*theirs["row"].to_list(), *nameless["row"].to_list()}


def _called(texts: pl.Series, topology: Topology) -> list[str]:
    told = texts.str.extract_groups(_WITH_PORT).struct.unnest().drop_nulls().unique()
    listening = [address for address, port in told.iter_rows() if topology.component_of_port(int(port))]
    return [*texts.str.extract(_CALLED).drop_nulls().unique(), *listening]
