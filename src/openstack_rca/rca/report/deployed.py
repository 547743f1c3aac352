"""A report whose checks are typed as on the cloud that it is about."""

from collections.abc import Sequence

import polars as pl

from openstack_rca.logs.event_table import EventTable
from openstack_rca.rca.knowledge import Deployment, Topology, fitted_check, recognised_deployment
from openstack_rca.rca.report.report import Cause, Report

_MOST_TRACEBACKS = 60
_LONGEST = 1500


def deployment_of(table: EventTable, logs: Sequence[str]) -> Deployment:
    """How the cloud of these events was installed: files, hosts, services and tracebacks tell; packages where none does."""
    texts = []
    for column in ("file", "host", "service"):
        texts += table.counted[column].drop_nulls().unique().cast(pl.String).to_list()
    # Where two files have the same path below what was given, their names hold what was given too.
    above = [f"{folder}/" for log in logs for folder in (log.rstrip("/"), log.rstrip("/").rpartition("/")[2])]
    texts = [text.removeprefix(next(filter(text.startswith, above), "")) for text in texts]
    explained = table.marked(pl.col("detail").is_not_null()).arg_true().head(_MOST_TRACEBACKS)
    texts += table.take(explained, ["detail"])["detail"].str.slice(0, _LONGEST).to_list()
    return recognised_deployment(texts, logs) or Deployment.PACKAGES


def with_fitting_checks(report: Report, deployment: Deployment, topology: Topology) -> Report:
    """The same report, with the checks of its causes as they are typed in that deployment."""
    if deployment is Deployment.PACKAGES:
        return report
    return report.model_copy(update={"causes": [_fitted(cause, deployment, topology) for cause in report.causes]})


def _fitted(cause: Cause, deployment: Deployment, topology: Topology) -> Cause:
    checks = [fitted_check(check, cause.component, topology, deployment) for check in cause.next_checks]
    return cause.model_copy(update={"next_checks": list(dict.fromkeys(checks))})
