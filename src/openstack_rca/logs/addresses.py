"""Hosts that are known by an address only: the name by which OpenStack knows them stands in lines of their own services."""

import polars as pl

from openstack_rca.logs.event_table import EventTable

_ADDRESS = r"^(?:\d{1,3}(?:[.-]\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)$"
_NAME = r"([A-Za-z][\w-]*(?:\.[\w-]+)*)"
# What nova-compute says of itself when it claims resources, reports them and binds ports, and agents of their state.
_OWN_NAME = (
    rf"Claim successful on node {_NAME}",
    rf"resource view: name={_NAME} ",
    rf"'binding:host_id': '{_NAME}'",
    rf"Compute_service record (?:created|updated) for ['\"]?{_NAME}",
    rf"Compute node record created for {_NAME}:",
)
_SPEAKERS = ("nova-compute", "nova_compute")


def with_names_of_hosts(table: EventTable) -> EventTable:
    """Rename hosts that are known by an address only to the name that their own lines (nova-compute's) give them.

    Other hosts' messages use that name, so that both become one host. A host whose lines give several names or none,
    or a name that another host has, keeps its address.
    """
    hosts = table.counted["host"].drop_nulls().unique().cast(pl.String)
    addressed = hosts.filter(hosts.str.contains(_ADDRESS))
    if addressed.is_empty():
        return table
    speaks = pl.col("host").is_in(addressed.to_list()) & pl.col("service").is_in(_SPEAKERS)
    own = table.take(table.counted.select(speaks.fill_null(value=False).arg_true()).to_series(), ["host", "message"])
    name = pl.coalesce(pl.col("message").str.extract(pattern) for pattern in _OWN_NAME)
    named = own.select("host", name=name).drop_nulls().unique()
    single = named.filter((pl.len().over("host") == 1) & (pl.len().over("name") == 1))
    free = single.filter(~pl.col("name").is_in(hosts.implode()))
    names = dict(free.select("host", "name").iter_rows())
    return table.renamed("host", names) if names else table
