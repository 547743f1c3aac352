"""The stages that read from the findings of one stretch of trouble who is to blame, and how surely."""

import polars as pl

from openstack_rca.rca import evidence, judgement, relevance
from openstack_rca.rca.engine.case import Case, stage
from openstack_rca.rca.vocabulary import Verdict
from openstack_rca.rca.weights import current


@stage("discount", reads=("findings", "catalogue", "observed", "counted", "normal", "topology"), writes=("findings",))
def discount(case: Case) -> None:
    """Weaken the findings that prove little; strengthen a few, or change their kind of fault."""
    findings = judgement.discount_complaints_after_own_silence(case.findings)
    findings = judgement.discount_unmissed_silence(findings, case.normal)
    findings = evidence.discount_ended_well(findings, case.observed)
    findings = judgement.discount_behind_lost_links(findings)
    findings = judgement.discount_passing(findings, case.counted, case.topology)
    findings = judgement.discount_unconcerned(findings, case.counted, case.topology)
    findings = judgement.discount_proxies_without_address(findings, case.counted)
    findings = judgement.discount_stop_after_own_error(findings, case.catalogue)
    findings = judgement.discount_lone_warnings(findings, case.counted)
    findings = judgement.confirm_absence(findings, case.catalogue, case.counted)
    findings = judgement.tell_frozen_from_killed(findings, case.counted, case.topology)
    findings = judgement.discount_orderly_absence(findings, case.catalogue, case.counted)
    findings = judgement.discount_planned_work(findings, case.catalogue, case.counted, case.topology)
    findings = judgement.discount_old_boots(findings)
    findings = judgement.discount_clean_restarts(findings, case.catalogue, case.counted)
    # Last of all: what it weakens was sure, and no rule for unsure ones is meant for it.
    case.findings = judgement.discount_undated(judgement.weigh_changes(findings, case.catalogue), case.counted)


@stage("remark", reads=("findings", "observed", "surroundings", "topology"), writes=("findings",))
def remark(case: Case) -> None:
    """Take the weight off complaints of which nothing follows, while the cloud works on."""
    case.findings = judgement.discount_remarks(case.findings, case.observed, case.surroundings, case.topology)


@stage("attribute", reads=("findings", "counted", "topology"), writes=("findings",))
def attribute(case: Case) -> None:
    """Move some findings to another component, and make causes of some."""
    findings = judgement.discount_unsuffered(case.findings, case.counted, case.topology)
    findings = judgement.blame_proxy_in_front(findings, case.counted)
    findings = judgement.blame_named_by_several(findings, case.topology)
    findings = judgement.blame_server_of_stuck_agents(findings, case.counted, case.topology)
    findings = judgement.blame_client_that_stood_still(findings, case.counted, case.topology)
    findings = judgement.blame_own_settings(findings, case.counted, case.topology)
    findings = judgement.blame_link_to_shared_service(findings, case.counted, case.topology)
    findings = judgement.blame_link_to_busy_service(findings, case.counted)
    findings = judgement.keep_blame_on_common_target(findings, case.counted)
    findings = judgement.tell_reasons_of_ends(judgement.believe_own_reasons(findings, case.topology))
    case.findings = judgement.believe_quiet_words(findings, case.counted, case.topology)


@stage("infer", reads=("findings", "counted", "events", "topology"), writes=("findings",))
def infer(case: Case) -> None:
    """Add accusations of a dependency or a host that all stopped, or failing, components share."""
    case.findings = judgement.infer_shared(
        case.findings, case.counted, case.topology, lambda rows: case.events.take(rows, ["message", "request_id"])
    )
    case.findings = case.findings + judgement.infer_from_failing_apis(
        case.findings, case.counted, case.events, case.topology
    )


@stage("harm", reads=("findings", "observed", "surroundings", "events", "catalogue", "topology"), writes=("findings",))
def harm(case: Case) -> None:
    """Mark what is said against whom the logs show no harm of."""
    case.findings = judgement.tell_harmless(
        case.findings,
        case.observed,
        case.surroundings,
        case.topology,
        lambda one: evidence.told_over_later(one, case.catalogue, case.surroundings, case.events, case.topology),
        lambda rows: case.events.take(rows, ["instance_id", "project_id", "message"]),
    )


@stage("weigh", reads=("findings",), writes=("candidates",), needed=True)
def weigh(case: Case) -> None:
    """Write one candidate for each accused component, with its guilt."""
    case.candidates = judgement.weigh(case.findings)


@stage("explain", reads=("findings", "candidates", "topology"), writes=("candidates",))
def explain(case: Case) -> None:
    """Write what each candidate explains, and what explains it."""
    case.candidates = judgement.explain(case.candidates, case.findings, case.topology)


@stage("fit", reads=("request", "findings"), writes=("relevance",))
def fit(case: Case) -> None:
    """Write the relevance of the components."""
    request = case.request
    case.relevance = relevance.fit_to_issue(request.issue, case.findings, request.knowledge)


@stage("recall", reads=("request", "findings", "observed", "untimed"), writes=("fingerprint", "recalled"))
def recall(case: Case) -> None:
    """Write the fingerprint of the evidence, and the past incidents that resemble it."""
    case.fingerprint = relevance.fingerprint_of(case.findings, case.observed)
    if case.untimed:
        case.fingerprint = case.fingerprint.model_copy(update={"began": None})
    case.recalled = relevance.recall(case.request.issue, case.fingerprint, case.request.knowledge)


@stage("rank", reads=("candidates", "relevance", "recalled"), writes=("candidates",), needed=True)
def rank(case: Case) -> None:
    """Write the candidates with their scores, sorted."""
    boosted = relevance.add_history_bonus(case.relevance, case.recalled.bonus)
    case.candidates = judgement.rank(case.candidates, boosted)


@stage("doubt", reads=("picked", "counted", "findings", "topology"), writes=("doubtful",), needed=True)
def doubt(case: Case) -> None:
    """Write whether errors are left that nothing accounts for."""
    # What work in good order accounts for leaves no doubt.
    accounted = {row for finding in case.findings if not finding.weight for row in finding.rows}
    kinds = case.counted.filter(pl.col("row").is_in(accounted)).select("component", "host", "template_id")

    def rest(events: pl.DataFrame) -> pl.DataFrame:
        return events.join(kinds, on=kinds.columns, how="anti", nulls_equal=True)

    case.doubtful = (
        (case.picked and evidence.fails_in_cloud(rest(case.counted), case.topology))
        or evidence.goes_on_failing(rest(case.counted.filter("failed")))
        or evidence.unexplained_errors(
            [one for one in case.findings if one.weight], case.topology, evidence.is_filtered(case.counted)
        )
    )


@stage("judge", reads=("candidates", "doubtful", "topology"), writes=("candidates", "verdict"), needed=True)
def judge(case: Case) -> None:
    """Write the verdict, and drop the candidates with too little guilt."""
    suspects = [candidate for candidate in case.candidates if candidate.guilt >= current().noticeable]
    case.verdict = judgement.verdict_on(suspects)
    if case.verdict is Verdict.NO_FAILURE_FOUND and case.doubtful:
        # Thin evidence leaves a doubt, it does not clear.
        suspects = [
            one for one in case.candidates if one in suspects or evidence.belongs_to_cloud(one.component, case.topology)
        ]
        case.verdict = judgement.verdict_on(suspects, doubtful=True)
    case.candidates = suspects
