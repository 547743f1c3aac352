"""Lines of several services in one text that no name tells the service of."""

from pathlib import Path

from openstack_rca.logs.events import read_logs


def services(text: str, folder: Path) -> list[str | None]:
    """The service of each line of a file whose name tells none."""
    (folder / "pasted.txt").write_text(text)
    return read_logs([folder / "pasted.txt"]).events["service"].to_list()


def test_a_paste_of_several_projects_is_no_service_s_own_file(tmp_path: Path) -> None:
    """A logger that several services share tells its project, and never the neighbour's service."""
    text = (
        "ERROR nova.compute.manager [-] Instance failed to spawn\n"
        "ERROR neutron.agent.rpc [-] Unable to reach RabbitMQ: timed out\n"
        "ERROR oslo.messaging._drivers.impl_rabbit [-] AMQP server on 192.0.2.1:5672 is unreachable\n"
        "ERROR cinder.service [-] Manager for service cinder-volume host1@lvm is not in a valid state\n"
    )
    nova, neutron, shared, cinder = services(text, tmp_path)
    assert nova == "nova-compute"
    assert str(neutron).startswith("neutron") and str(cinder).startswith("cinder")
    assert shared not in ("nova-compute", neutron, cinder)


def test_where_one_service_writes_alone_a_shared_logger_is_its_own(tmp_path: Path) -> None:
    """The file has no name, and nobody else writes in it."""
    text = (
        "ERROR nova.compute.manager [-] Instance failed to spawn\n"
        "ERROR oslo.messaging._drivers.impl_rabbit [-] AMQP server on 192.0.2.1:5672 is unreachable\n"
    )
    assert services(text, tmp_path) == ["nova-compute", "nova-compute"]


def test_a_shared_logger_is_of_the_service_of_its_request_or_process(tmp_path: Path) -> None:
    """Services speak one after the other in one text, as in `journalctl -o cat`."""
    text = (
        "INFO nova.compute.manager [None req-11111111-1111-4111-8111-111111111111 u p] Building\n"
        "DEBUG oslo_concurrency.lockutils [None req-11111111-1111-4111-8111-111111111111 u p] Lock acquired\n"
        "2026-11-23 04:00:01.000 7 WARNING neutron.db.agents_db [-] Found 1 dead agent\n"
        "2026-11-23 04:00:02.000 7 ERROR oslo.messaging._drivers.impl_rabbit [-] AMQP server is unreachable\n"
    )
    assert services(text, tmp_path) == ["nova-compute", "nova-compute", "neutron-server", "neutron-server"]
