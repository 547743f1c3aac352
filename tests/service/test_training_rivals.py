"""Where a rival did better than the network on held-back data, a training says so."""

from openstack_rca.service.training import rivals_that_win

WON = {
    "test_loss": 1.0,
    "rival_bigram_test_loss": 2.0,
    "story_auroc": 0.9,
    "rival_follow_rule_story_auroc": 0.6,
    "story_f1": 0.4,
    "rival_follow_rule_story_f1": 0.3,
    "story_missing_f1": 0.5,
    "rival_follow_rule_story_missing_f1": 0.3,
    "story_late_f1": 0.7,
    "rival_follow_rule_story_late_f1": 0.4,
    "story_within_late_f1": 0.7,
    "rival_follow_rule_story_within_late_f1": 0.4,
}


def test_nothing_is_said_where_the_network_won() -> None:
    assert rivals_that_win(WON) == []


def test_follow_rules_that_find_more_missing_steps_are_named_and_used() -> None:
    """Only the kind of step that they find better: late ones stay the network's."""
    (told,) = rivals_that_win(WON | {"rival_follow_rule_story_missing_f1": 0.6})
    assert "missing steps" in told and "0.600 against 0.500" in told


def test_every_rival_that_wins_has_a_sentence() -> None:
    lost = {
        "rival_bigram_test_loss": 0.5,
        "rival_follow_rule_story_auroc": 0.95,
        "rival_unseen_event_story_f1": 0.45,
        "rival_follow_rule_story_late_f1": 0.8,
        "rival_follow_rule_story_within_late_f1": 0.9,
    }
    told = rivals_that_win(WON | lost)
    assert ["pairs" in told[0], "follow rule" in told[1], "late steps between" in told[3]] == [True, True, True]
    assert "late steps within a service" in told[4]
    assert "(unseen event): F1 0.400 against 0.450" in told[2]
