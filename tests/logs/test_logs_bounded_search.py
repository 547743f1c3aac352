"""Expressions that look through what somebody wrote stop at a bound, so that no text of hostile length takes its square."""

from openstack_rca.logs.pastes import cleaner_for
from openstack_rca.logs.printed_records import printed_records

LINE = "2026-11-23 04:00:00.120 7 ERROR nova.api [-] No"


def test_a_field_of_splunk_that_does_not_end_takes_none_of_the_next_one() -> None:
    lines = ["<result offset='0'>", "<field k='a'>x", f"<field k='_raw'><v>{LINE}</v></field>"]
    split = printed_records("\n".join(lines))
    assert split is not None
    pieces, _ = split("\n".join(lines).encode(), True)
    assert '"_raw": "' + LINE in str(pieces)


def test_a_prompt_does_not_go_on_for_hundreds_of_letters() -> None:
    asked, endless = "\u279c  ~ grep ERROR nova-api.log", "\u279c " + "~" * 200 + " grep ERROR"
    cleaner = cleaner_for([asked, LINE, LINE])
    shown = str(cleaner([asked, endless, LINE])) if cleaner else ""
    assert "nova-api.log" not in shown
    assert endless in shown
