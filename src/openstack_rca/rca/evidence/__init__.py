"""What was found in the logs: findings, each against one component. May touch ``knowledge`` and ``vocabulary``."""

from typing import TYPE_CHECKING

from openstack_rca.faces import later

if TYPE_CHECKING:
    from openstack_rca.rca.evidence.accusations import named_dependencies, quotes_another, tells_of_time_out
    from openstack_rca.rca.evidence.answers import unusual_answers
    from openstack_rca.rca.evidence.awaiting_lines import awaited_lines
    from openstack_rca.rca.evidence.causes_before import earlier_causes
    from openstack_rca.rca.evidence.clearance import belongs_to_cloud, why_unclear
    from openstack_rca.rca.evidence.doubts import (
        fails_in_cloud,
        goes_on_failing,
        is_filtered,
        looks_preselected,
        tells_of_lasting_harm,
        unexplained_errors,
    )
    from openstack_rca.rca.evidence.ended_well import (
        discount_ended_well,
        ends_well_later,
        is_of_one_user,
        leaves_open,
    )
    from openstack_rca.rca.evidence.error_kinds import OWN_KIND
    from openstack_rca.rca.evidence.expected_steps import ExpectedSteps, step_suspicion
    from openstack_rca.rca.evidence.finding import Finding, noisy_or
    from openstack_rca.rca.evidence.hits import overshadowed
    from openstack_rca.rca.evidence.matching import (
        add_scores,
        cited_rows,
        match_signatures,
        no_rows,
        observe,
        told_over_later,
        unexplained,
    )
    from openstack_rca.rca.evidence.normal_rates import NormalRates, add_novelty
    from openstack_rca.rca.evidence.quiet_streams import silences, silent_workers
    from openstack_rca.rca.evidence.request_ways import BROKER, server_of, serves
    from openstack_rca.rca.evidence.steady_tasks import stopped_tasks
    from openstack_rca.rca.evidence.steps_missing import missing_steps
    from openstack_rca.rca.evidence.unusual import generic_accusations, new_errors, unusual_traffic
    from openstack_rca.rca.evidence.window import (
        FoundWindow,
        find_windows,
        in_window,
        opened_where_it_began,
        placed_in_time,
        quiet_rates,
        suspicion,
        time_span,
        within,
    )
    from openstack_rca.rca.evidence.words_before import quiet_words
    from openstack_rca.rca.evidence.words_needed import (
        counted,
        with_cited,
        with_needed_words,
        with_texts,
        with_words,
    )
else:
    __getattr__ = later(__name__)
