"""A neighbour's words of trouble, told at no level, are the cause of what others complain of right after them, and of nothing else."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from cloud import FAULT, START, Cloud
from finding_samples import finding

from openstack_rca.rca.evidence import Finding
from openstack_rca.rca.judgement import believe_quiet_words, explain, weigh
from openstack_rca.rca.knowledge import load_topology
from openstack_rca.rca.vocabulary import Category, Directness, Verdict

TOPOLOGY = load_topology()
WINDOW = pl.DataFrame({"component": ["nova-compute", "neutron-server"], "host": ["cmp1", "ctl"]})


def quiet(component: str, host: str, at: float = 0.0) -> Finding:
    """Words of trouble of a kernel, daemon or switch, without weight."""
    told = finding(component, component, host, at=at, weight=0.0, directness=Directness.SYMPTOM, row=1)
    return replace(told, accused_host=host, quiet=True)


def complaint(accused: str, accuser: str, host: str = "cmp1", at: float = 20.0) -> Finding:
    return replace(finding(accused, accuser, host, at=at), category=Category.PROCESS_DOWN)


@pytest.mark.parametrize(
    ("told", "complains"),
    [
        (quiet("host", "cmp1"), complaint("neutron-server", "nova-compute")),
        (quiet("network", "leaf-a3"), complaint("nova-compute", "nova-scheduler", "ctl")),
        (quiet("ldap", "ctl"), complaint("keystone", "nova-api", "ctl2")),
        (quiet("keystone", "ctl"), complaint("keystone", "nova-api", "ctl2")),
    ],
    ids=["the host of who complains", "a switch", "what the accused needs", "the accused, told by who runs it"],
)
def test_words_on_what_the_victims_stand_on_are_the_cause(told: Finding, complains: Finding) -> None:
    """Who complains, or is complained of, needs what the words are about, or stands on that host."""
    believed = believe_quiet_words([complains, told], WINDOW, TOPOLOGY)[1]
    assert (believed.directness, believed.strength >= 0.6) == (Directness.CAUSE, True)


@pytest.mark.parametrize(
    ("told", "complains"),
    [
        (quiet("host", "cmp2"), complaint("neutron-server", "nova-compute")),
        (quiet("host", "cmp1", at=90), complaint("neutron-server", "nova-compute")),
        (quiet("ldap", "ctl"), complaint("rabbitmq", "heat-engine", "ctl2")),
    ],
    ids=["another host", "after the first complaint", "what nobody needs who complains"],
)
def test_words_that_account_for_nothing_weigh_nothing(told: Finding, complains: Finding) -> None:
    """Every machine tells of some trouble."""
    assert believe_quiet_words([complains, told], WINDOW, TOPOLOGY)[1].strength == 0.0


def test_a_line_does_not_account_for_what_it_complains_of_itself() -> None:
    """Of one line of a kubelet, the machine is told and the kubelet; it takes another line to show that somebody suffers."""
    told, own = quiet("host", "cmp1"), replace(complaint("neutron-server", "nova-compute"), rows=(1,))
    other = replace(own, rows=(2,))
    strengths = [believe_quiet_words([one, told], WINDOW, TOPOLOGY)[1].strength for one in (own, other)]
    assert [strength > 0.0 for strength in strengths] == [False, True]


def test_a_host_is_not_the_reason_of_what_those_on_other_hosts_complain_of_too() -> None:
    """The broker that nobody reaches is not away because a compute tells of something; where one host alone complains, it may."""
    window = pl.concat([WINDOW, pl.DataFrame({"component": ["rabbitmq"], "host": ["ctl"]})])
    here, there = complaint("rabbitmq", "nova-compute"), complaint("rabbitmq", "nova-conductor", "ctl")
    strengths = [
        believe_quiet_words([*complains, quiet("host", host)], window, TOPOLOGY)[-1].strength
        for host, complains in (("cmp1", [here, there]), ("cmp1", [here]), ("ctl", [here, there]))
    ]
    assert [strength > 0.0 for strength in strengths] == [False, True, True]


def test_words_right_before_the_first_complaint_weigh_more() -> None:
    """What was told long before may have been there all along."""
    complains = complaint("neutron-server", "nova-compute", at=600.0)
    early, late = quiet("host", "cmp1"), quiet("host", "cmp1", at=580.0)
    told = believe_quiet_words([complains, early, late], WINDOW, TOPOLOGY)
    assert told[2].strength > told[1].strength > 0.0


def test_where_a_rule_knows_better_the_words_stay_quiet() -> None:
    """The rule that knows a link that is lost tells more than the line beside it."""
    known = replace(quiet("host", "cmp1"), quiet=False, directness=Directness.CAUSE, weight=0.9, signature="known")
    told = believe_quiet_words([complaint("nova-compute", "nova-api"), known, quiet("host", "cmp1")], WINDOW, TOPOLOGY)
    assert told[2].strength == 0.0


@pytest.mark.parametrize(("vague", "believed"), [(True, False), (False, True)])
def test_where_a_rule_states_a_cause_unclear_words_about_a_machine_stay_quiet(vague: bool, believed: bool) -> None:
    """Whose kind of fault nobody can tell does not outdo a cause elsewhere; words of a known kind may be why it came."""
    stated = finding("keystone", "keystone", "ctl", at=20.0, weight=0.7, directness=Directness.CAUSE)
    words = replace(quiet("host", "cmp1"), vague=vague)
    told = believe_quiet_words(
        [complaint("keystone", "nova-compute"), replace(stated, signature="known"), words], WINDOW, TOPOLOGY
    )
    assert (told[2].strength > 0.0) is believed


def _syslog(cloud: Cloud, at: float, program: str, message: str, host: str) -> None:
    moment = START + timedelta(seconds=at)
    cloud.lines.append((at, host, "messages", f"{moment:%b %d %H:%M:%S} {host} {program}: {message}"))


@pytest.mark.parametrize(
    ("program", "message", "component"),
    [
        ("ipmievd[812]", "Power Supply sensor PS2 Status Power Supply AC lost Asserted", "host"),
        ("NetworkManager[610]", "<warn>  [1773222330.1231] dhcp4 (eno1): request timed out", "network"),
    ],
)
def test_a_line_without_a_level_outweighs_the_errors_that_follow(program: str, message: str, component: str) -> None:
    """The services of that host cry out by the dozen; a controller or a daemon tells the reason once."""
    cloud = Cloud()
    host = cloud.site.computes[0]
    _syslog(cloud, FAULT, program, message, host)
    for at in cloud.every(9, FAULT + 15):
        cloud.say(at, "nova-compute", "ERROR", "nova.servicegroup.drivers.db", _LATE, host=host)
    report = cloud.analyse("One compute host is shown as down").report
    assert (report.causes[0].component, report.causes[0].host) == (component, host)
    assert message[-20:] in report.causes[0].statement


_LATE = (
    "Unexpected error while reporting service status: oslo_messaging.exceptions.MessagingTimeout: "
    "Timed out waiting for a reply to message ID 11b1"
)


def test_such_a_line_in_a_cloud_without_complaints_is_no_failure() -> None:
    """A power supply that is exchanged while all is well troubles nobody."""
    cloud = Cloud()
    _syslog(cloud, FAULT, "ipmievd[812]", "Power Supply sensor PS2 Status AC lost Asserted", cloud.site.computes[0])
    assert cloud.analyse("Is the cloud slow?").report.verdict is Verdict.NO_FAILURE_FOUND


@pytest.mark.parametrize(("fails", "verdict"), [(False, Verdict.NO_FAILURE_FOUND), (True, Verdict.CONFIRMED)])
def test_a_lost_link_is_a_failure_where_somebody_suffers_from_it(fails: bool, verdict: Verdict) -> None:
    """A second cable that is pulled for work on it troubles nobody."""
    cloud = Cloud()
    host = cloud.site.computes[0]
    _syslog(cloud, FAULT, "kernel", "mlx5_core 0000:5e:00.0 ens3f1: Link down", host)
    for at in cloud.every(9, FAULT + 15) if fails else []:
        cloud.say(at, "nova-compute", "ERROR", "nova.servicegroup.drivers.db", _LATE, host=host)
    assert cloud.analyse("Is the cloud slow?").report.verdict is verdict


def test_what_a_switch_tells_may_account_for_trouble_on_any_host() -> None:
    """A switch does not say which hosts hang on its port."""
    complains = complaint("nova-compute", "nova-scheduler", "ctl")
    believed = believe_quiet_words([complains, quiet("network", "leaf-a3")], WINDOW, TOPOLOGY)
    ranked = {one.component: one for one in explain(weigh(believed), believed, TOPOLOGY)}
    assert ranked["nova-compute"].explained_by == ("network", pytest.approx(0.4))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sshd[811]", "Failed password for invalid user admin from 203.0.113.9 port 42112 ssh2"),
        ("sshd[811]", "Connection closed by authenticating user root 203.0.113.9 port 42112 [preauth]"),
        ("sshd[811]", "Timeout, client not responding from user admin 10.0.0.9 port 44"),
        ("nrpe[7]", "Error: Could not complete SSL handshake with 10.0.0.9: 5"),
        ("crond[7]", "(backup) ERROR (failed to change user)"),
        ("kernel", "pci 0000:00:1f.0: BAR 13: failed to assign [io  size 0x1000]"),
        ("su[77]", "FAILED SU (to root) operator on pts/0"),
        ("kernel", "[UFW BLOCK] IN=eth0 OUT= MAC=01:00:5e:00:00:01:52:54 SRC=10.0.0.1 DST=224.0.0.1 LEN=32 PROTO=2"),
        ("kernel", "x86/cpu: SGX disabled by BIOS."),
        ("kernel", "kvm [4711]: vcpu0, guest rIP: 0xffffffff8106 disabled perfctr wrmsr: 0xc2 data 0xffff"),
        ("kernel", "qbr1c2d: port 2(tap1c2d) entered disabled state"),
        ("kernel", "EXT4-fs (sda2): re-mounted. Opts: errors=remount-ro"),
        ("systemd-resolved[512]", "Server returned error NXDOMAIN, mitigating potential DNS violation DVE-2018-0001"),
        ("chronyd[600]", "System clock wrong by 0.000412 seconds"),
        ("systemd[1]", "motd-news.service: Failed with result 'exit-code'."),
        ("systemd[1]", "Failed to start Message of the Day."),
    ],
)
def test_what_hosts_write_on_any_day_is_no_word_of_trouble(program: str, message: str) -> None:
    """Though somebody on that host complains right after it."""
    cloud = Cloud()
    host = cloud.site.computes[0]
    _syslog(cloud, FAULT, program, message, host)
    for at in cloud.every(9, FAULT + 15):
        cloud.say(at, "nova-compute", "ERROR", "nova.servicegroup.drivers.db", _LATE, host=host)
    causes = cloud.analyse("One compute host is shown as down").report.causes
    assert not [cause for cause in causes if cause.component in ("host", "network") and cause.host == host]
