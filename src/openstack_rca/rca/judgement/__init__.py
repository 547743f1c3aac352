"""Who is to blame: attribution, shared dependencies, guilt, ranking, verdict. May touch ``evidence`` and what lies below it."""

from typing import TYPE_CHECKING

from openstack_rca.faces import later

if TYPE_CHECKING:
    from openstack_rca.rca.judgement.attribution import (
        blame_link_to_busy_service,
        blame_link_to_shared_service,
        blame_named_by_several,
        keep_blame_on_common_target,
    )
    from openstack_rca.rca.judgement.confidence import fitted_steps, probability
    from openstack_rca.rca.judgement.discounts import (
        confirm_absence,
        discount_clean_restarts,
        discount_complaints_after_own_silence,
        discount_lone_warnings,
        discount_old_boots,
        discount_orderly_absence,
        discount_passing,
        discount_stop_after_own_error,
        discount_undated,
        discount_unmissed_silence,
    )
    from openstack_rca.rca.judgement.explaining import explain
    from openstack_rca.rca.judgement.failing_apis import infer_from_failing_apis
    from openstack_rca.rca.judgement.front import blame_proxy_in_front, discount_proxies_without_address
    from openstack_rca.rca.judgement.frozen import (
        blame_client_that_stood_still,
        blame_server_of_stuck_agents,
        tell_frozen_from_killed,
    )
    from openstack_rca.rca.judgement.guilt import Candidate, weigh
    from openstack_rca.rca.judgement.harm import tell_harmless
    from openstack_rca.rca.judgement.neighbours import (
        believe_quiet_words,
        discount_behind_lost_links,
        discount_unsuffered,
    )
    from openstack_rca.rca.judgement.operator_changes import weigh_changes
    from openstack_rca.rca.judgement.own_reasons import believe_own_reasons, tell_reasons_of_ends
    from openstack_rca.rca.judgement.own_settings import blame_own_settings
    from openstack_rca.rca.judgement.planned_work import discount_planned_work
    from openstack_rca.rca.judgement.ranking import rank
    from openstack_rca.rca.judgement.remarks import discount_remarks
    from openstack_rca.rca.judgement.shared_dependencies import infer_shared
    from openstack_rca.rca.judgement.unconcerned import discount_unconcerned
    from openstack_rca.rca.judgement.verdict import standing, verdict_on
else:
    __getattr__ = later(__name__)
