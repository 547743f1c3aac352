"""The answer does not depend on how the logs were handed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.logs.repacking import ADDRESSES, PACKINGS, load

from openstack_rca.rca.report import Report
from openstack_rca.service.analysis import analyze
from openstack_rca.settings import load_settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "incidents"
HOSTS = {address: name for name, address in ADDRESSES.items()}


def told(report: Report) -> tuple[object, ...]:
    """Verdict, and component and host of the first cause, by name."""
    first = report.causes[0] if report.causes else None
    host = first.host if first else None
    return report.verdict, first.component if first else None, HOSTS.get(host or "", host)


@pytest.mark.parametrize("packing", ["podman logs -t", "json-file", "addresses", "flat"])
def test_a_sample_incident_has_the_same_answer_in_every_packing(packing: str, tmp_path: Path) -> None:
    """Two incidents and a packing of each sort; that all events are the same in all packings is held elsewhere."""
    settings = load_settings(mlflow_enabled=False, home=tmp_path / "home")
    for incident in ("INC-009", "INC-017"):
        folder = tmp_path / incident
        folder.mkdir()
        PACKINGS[packing](load(SAMPLES / incident / "logs"), folder)
        answers = [
            told(analyze([logs], "", settings=settings, model="none", fast=True).report)
            for logs in (SAMPLES / incident / "logs", folder)
        ]
        assert answers[0] == answers[1], incident
        assert answers[0][1] is not None
