"""A cause that several hosts share is told of all of them: who reads it would else repair one."""

from dataclasses import replace

import pytest
from finding_samples import finding

from openstack_rca.rca.report.several_hosts import remedy_for_all, statement_of_all

HOSTS = ["compute1", "compute2", "compute3"]
DEAD = [
    replace(
        finding("nova-compute", "nova-scheduler", signature=rule),
        accused_host=host,
        title=f"nova-compute on {host} has not reported for a while",
    )
    for host, rule in zip(HOSTS, ["silent", "silent", "other"], strict=True)
]


def test_a_sentence_about_one_host_goes_on_with_the_others_in_trouble() -> None:
    told = statement_of_all(DEAD[0], DEAD, HOSTS)
    assert told == (
        "nova-compute on compute1 has not reported for a while. The same is said of compute2. compute3 is in trouble too."
    )


def test_a_sentence_that_names_all_or_none_of_the_hosts_is_left_alone() -> None:
    """So is one about a host that the cause only logs on."""
    for title, hosts in (("compute1 and compute2 are dead.", HOSTS[:2]), ("agents are dead.", HOSTS)):
        assert statement_of_all(replace(DEAD[0], title=title), DEAD, hosts) == title
    assert "too" not in statement_of_all(DEAD[0], DEAD[:1], ["compute1", "ctl3"])


def test_a_host_counts_as_named_by_its_full_name_and_not_by_a_longer_one() -> None:
    full = replace(DEAD[0], title="compute1.example.org is dead")
    assert statement_of_all(full, [full], ["compute1"]) == "compute1.example.org is dead."
    longer = replace(DEAD[0], title="compute11 is dead")
    assert statement_of_all(longer, DEAD, HOSTS) == "compute11 is dead."


@pytest.mark.parametrize(
    ("remedy", "hosts", "told"),
    [
        ("Start it on that host.", HOSTS[:1], "Start it on that host."),
        ("Start it on that host.", HOSTS, "Start it on each of compute1, compute2 and compute3."),
        ("Set the clock of this host; look at that host's log.", HOSTS[:2],
         "Set the clock of each of compute1 and compute2; look at each host's log."),
        ("See it on this host; start it on this host.", HOSTS[:2],
         "See it on each of compute1 and compute2; start it on each of them."),
        ("Create the user for that host.", HOSTS, "Create the user for that host."),
        ("Look on that host.", [f"c{n}" for n in range(9)], "Look on each of c0, c1, c2 and 6 more."),
    ],
)  # fmt: skip
def test_a_remedy_for_that_host_is_one_for_each_of_them(remedy: str, hosts: list[str], told: str) -> None:
    assert remedy_for_all(remedy, hosts) == told
