"""What the report cites: different things and different witnesses before the same again."""

from cloud import FAULT, Cloud
from troubles import conductor_timeouts


def test_the_first_word_of_every_witness_is_cited_before_anybodys_second() -> None:
    cloud = Cloud(seed=7)
    cloud.stop("nova-conductor", until=FAULT + 70)
    conductor_timeouts(cloud)
    cause = cloud.analyse("Servers stay in BUILD").report.causes[0]
    assert cause.component == "nova-conductor"
    assert {item.host for item in cause.evidence if "nova-compute" in item.file} == set(cloud.site.computes)
