"""Alerts of Alertmanager: which stretch of time they are about, and the answer that goes back to a webhook.

The form of a webhook's call: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4).
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.posting import post_json, why_not_posted
from openstack_rca.rca.render import render_ticket
from openstack_rca.rca.report import Report, one_line
from openstack_rca.service.outside_questions import brief
from openstack_rca.settings import Settings

BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=5)
MOST_ALERTS = 200
LABELS = ("alertname", "service", "instance", "severity")


class Alert(BaseModel):
    """One alert of a call."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime = Field(alias="startsAt")


class AlertCall(BaseModel):
    """What Alertmanager sends; fields that are not needed are passed over."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    version: str = "4"
    group_key: str = Field(default="", alias="groupKey", max_length=2000)
    alerts: list[Alert] = Field(max_length=MOST_ALERTS)

    @property
    def firing(self) -> list[Alert]:
        """The alerts whose status is ``firing``, the earliest first."""
        return sorted((alert for alert in self.alerts if alert.status == "firing"), key=lambda alert: alert.starts_at)


def window_of(call: AlertCall, now: datetime) -> tuple[datetime, datetime]:
    """From a quarter of an hour before the first alert until a little after the last one began, but not after now."""
    starts = [alert.starts_at.astimezone(UTC) for alert in call.firing]
    return min(starts) - BEFORE, min(max(starts) + AFTER, now)


def issue_of(call: AlertCall) -> str:
    """The alerts in words: names, and what their annotations say."""
    told = []
    for alert in call.firing[:5]:
        named = ", ".join(alert.labels[name] for name in LABELS if name in alert.labels)
        said = alert.annotations.get("summary") or alert.annotations.get("description") or ""
        told.append(one_line(f"{named}: {said}" if said else named, 300))
    return "; ".join(told)


def post_answer(report: Report, call: AlertCall, settings: Settings) -> None:
    """Send the answer to the webhook of the settings, as JSON with ``text`` that chat services show.

    Raises ConfigurationError: there is no webhook, or no http(s) one. RemoteLogsUnavailable: it does not take the answer.
    """
    target = settings.answer_webhook.get_secret_value() if settings.answer_webhook else ""
    if not target.startswith(("https://", "http://")):
        raise ConfigurationError("OPENSTACK_RCA_ANSWER_WEBHOOK is not an address.", "Give one with https://.")
    body = {"text": render_ticket(report), "alert_group": call.group_key, "report": brief(report)}
    try:
        post_json(target, body, seconds=settings.network_timeout_seconds, authorities=settings.ca_bundle)
    except (OSError, ValueError) as error:
        # Whoever knows a webhook's address can write there: it is never shown.
        raise RemoteLogsUnavailable(
            f"The webhook did not take the answer ({why_not_posted(error)}).", "Check OPENSTACK_RCA_ANSWER_WEBHOOK."
        ) from None
