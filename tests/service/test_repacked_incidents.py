"""The recorded incidents, saved in all the ways in which operators save logs, get the same answer."""

import lzma
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.logs.packed_samples import tar

from openstack_rca.service.analysis import analyze
from openstack_rca.settings import load_settings
from trained_environment import SAMPLES

INCIDENTS = [SAMPLES / "incidents" / name for name in ("HEALTHY-001", "INC-003", "INC-010", "INC-019")]
"""A healthy one, a fault that its own service tells, a process that fell silent and a host that is cut off."""
SHORT_NAMES = {
    "cinder-api": "cinder/api",
    "cinder-scheduler": "cinder/scheduler",
    "cinder-volume": "cinder/volume",
    "glance-api": "glance/api",
    "neutron-server": "neutron/server",
    "nova-api": "nova/nova-api",
    "nova-compute": "nova/nova-compute",
    "nova-conductor": "nova/nova-conductor",
    "nova-scheduler": "nova/nova-scheduler",
    "keystone": "keystone/keystone",
}
"""Where RDO's packages write."""

Answer = tuple[str, str | None, str | None]
Texts = Mapping[str, bytes]
"""Path below ``logs`` without compression, as ``host/service.log`` -> content."""


def texts_of(incident: Path) -> Texts:
    logs = incident / "logs"
    files = sorted(logs.rglob("*.xz"))
    return {path.relative_to(logs).with_suffix("").as_posix(): lzma.decompress(path.read_bytes()) for path in files}


def answer(path: Path, home: Path) -> Answer:
    report = analyze(
        [path], "", settings=load_settings(mlflow_enabled=False, home=home), model="none", fast=True
    ).report
    cause = report.causes[0] if report.causes else None
    return report.verdict.value, cause and cause.component, cause and cause.host


def write(texts: Texts, folder: Path) -> None:
    for name, data in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def as_sosreports(texts: Texts) -> Texts:
    members: dict[str, bytes] = {}
    for name, data in texts.items():
        host, _, rest = name.partition("/")
        root = f"sosreport-{host}-2026-11-23-abcdefg"
        members[f"{root}/sos_commands/host/hostname"] = f"{host}\n".encode()
        members[f"{root}/var/log/{rest}"] = data
    return members


def sosreport_archives(texts: Texts) -> Texts:
    roots: dict[str, dict[str, bytes]] = {}
    for name, data in as_sosreports(texts).items():
        roots.setdefault(name.partition("/")[0], {})[name] = data
    return {f"{root}.tar.xz": tar(members, "w:xz") for root, members in roots.items()}


def short_name(name: str) -> str:
    host, _, rest = name.partition("/")
    stem = rest.removesuffix(".log")
    return f"{host}/{SHORT_NAMES.get(stem, stem)}.log"


FORMS: dict[str, Callable[[Texts], Texts]] = {
    "sosreport archives": sosreport_archives,
    "short names": lambda texts: {short_name(name): data for name, data in texts.items()},
    "tar in tar": lambda texts: {"case.tar": tar({"inner.tar.gz": tar(texts, "w:gz")}, "w")},
}
"""Other names, other folders, archives in archives; the tests of the logs show for more that the events are the same."""


TOLD_BY_NAME = {"INC-019"}
"""A host is cut off here, which shows only where other hosts' lines name it: folders called by addresses do not tell which
host that is."""


def answer_from_addresses(texts: Texts, folder: Path) -> Answer:
    """The answer from folders that are called by the hosts' addresses, told with the hosts' names again."""
    hosts = sorted({name.partition("/")[0] for name in texts})
    names = {f"10.0.0.{number}": host for number, host in enumerate(hosts, 11)}
    for address, host in names.items():
        own = {name: data for name, data in texts.items() if name.startswith(f"{host}/")}
        write({name.replace(host, address, 1): data for name, data in own.items()}, folder / "addresses")
    verdict, component, host_named = answer(folder / "addresses", folder / "home")
    return verdict, component, names.get(host_named or "", host_named)


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda path: path.name)
def test_an_incident_gets_the_same_answer_however_its_logs_were_saved(incident: Path, tmp_path: Path) -> None:
    """Verdict, first cause and its host; also where the folders of the hosts are called by their addresses."""
    texts = texts_of(incident)
    expected = answer(incident / "logs", tmp_path / "home")
    answers: dict[str, Answer] = {}
    for form, save in FORMS.items():
        write(save(texts), tmp_path / form)
        answers[form] = answer(tmp_path / form, tmp_path / "home")
    if incident.name not in TOLD_BY_NAME:
        answers["addresses"] = answer_from_addresses(texts, tmp_path)
    assert {form: found for form, found in answers.items() if found != expected} == {}
