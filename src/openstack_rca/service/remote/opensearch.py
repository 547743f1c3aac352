"""Logs from OpenSearch or Elasticsearch: a query over a stretch of time, paged over a point in time.

Facts of the APIs: https://docs.opensearch.org/latest/search-plugins/searching-data/point-in-time/ and
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-open-point-in-time. A point in time is opened on the
index, searched without naming the index, with ``search_after`` and a tie-breaker, and closed at the end.
"""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from openstack_rca.errors import ConfigurationError, NoRemoteLogs, RemoteLogsUnavailable
from openstack_rca.service.remote.addresses import Address, server_and_query
from openstack_rca.service.remote.fetch_folder import Spool, safe_name
from openstack_rca.service.remote.http_client import Web, authorisation

PAGE = 2000
KEPT_ALIVE = "2m"
TIME = "@timestamp"
VARIABLES = "OPENSTACK_RCA_OPENSEARCH_TOKEN, or OPENSTACK_RCA_OPENSEARCH_USER and OPENSTACK_RCA_OPENSEARCH_PASSWORD"


def fetch_opensearch(address: Address, spool: Spool) -> None:
    """Records of an index as JSON lines; ``query=`` narrows them in Lucene's query language."""
    server, index, query = server_and_query(address)
    if not index:
        raise ConfigurationError(
            f"{address.text} names no index.", "Write it like opensearch+https://logs.example:9200/openstack-*."
        )
    settings = spool.settings
    headers = authorisation(settings.opensearch_token, settings.opensearch_user, settings.opensearch_password)
    web = Web(settings, headers, VARIABLES)
    point = _Point(web, server, index)
    came = 0
    try:
        with spool.writing(spool.folder / f"{safe_name(index)}.ndjson") as write:
            after: list[Any] | None = None
            while True:
                try:
                    hits = point.search(_filter(spool, query), after)
                except RemoteLogsUnavailable as error:
                    if not came:
                        raise
                    spool.note(f"{server} broke off after {came:,} records. {error.message}")
                    break
                for hit in hits:
                    write(json.dumps(hit.get("_source", {})).encode() + b"\n")
                came += len(hits)
                if len(hits) < PAGE:
                    break
                after = hits[-1].get("sort")
                if not after:
                    break
    finally:
        point.close()
    if not came:
        raise NoRemoteLogs(f"{index} holds no record in that time.", "Check the index, the query and --since.")


def _filter(spool: Spool, query: str) -> dict[str, Any]:
    span = {"gte": spool.since.isoformat(), "lte": spool.until.isoformat()}
    conditions: list[dict[str, Any]] = [{"range": {TIME: span}}]
    conditions += [{"query_string": {"query": query}}] if query else []
    return {"bool": {"filter": conditions}}


class _Point:
    """A point in time of an index, in the words of whichever of the two servers answers."""

    def __init__(self, web: Web, server: str, index: str) -> None:
        self.web, self.server = web, server
        where = f"{server}/{quote(index, safe='*,-_.')}"
        self.is_elastic = False
        try:
            answer = web.json(f"{where}/_search/point_in_time?keep_alive={KEPT_ALIVE}", method="POST")
            self.id = answer["pit_id"]
        except (RemoteLogsUnavailable, KeyError, TypeError) as error:
            # These are the answers of a server that does not know the path: the other of the two.
            if isinstance(error, RemoteLogsUnavailable) and error.status not in (400, 404, 405):
                raise
            answer = web.json(f"{where}/_pit?keep_alive={KEPT_ALIVE}", method="POST")
            self.is_elastic = True
            try:
                self.id = answer["id"]
            except (KeyError, TypeError):
                raise _no_answer(server) from None

    def search(self, query: dict[str, Any], after: list[Any] | None) -> list[dict[str, Any]]:
        """The next page, in order of time."""
        tie = "_shard_doc" if self.is_elastic else "_doc"
        asked: dict[str, Any] = {
            "size": PAGE,
            "query": query,
            "pit": {"id": self.id, "keep_alive": KEPT_ALIVE},
            "sort": [{TIME: {"order": "asc"}}, {tie: "asc"}],
            "track_total_hits": False,
        }
        if after:
            asked["search_after"] = after
        answer = self.web.json(f"{self.server}/_search", asked)
        try:
            self.id = answer.get("pit_id", self.id)
            hits = answer["hits"]["hits"]
            return [hit for hit in hits if isinstance(hit, dict)]
        except (KeyError, TypeError, AttributeError):
            raise _no_answer(self.server) from None

    def close(self) -> None:
        """Give the point in time back; one that is lost goes by itself."""
        with suppress(RemoteLogsUnavailable):
            if self.is_elastic:
                self.web.json(f"{self.server}/_pit", {"id": self.id}, "DELETE")
            else:
                self.web.json(f"{self.server}/_search/point_in_time", {"pit_id": [self.id]}, "DELETE")


def _no_answer(server: str) -> RemoteLogsUnavailable:
    return RemoteLogsUnavailable(
        f"{server} answered with something that is not an answer of OpenSearch.",
        "Check that the address is that of the service.",
    )
