"""What the model's stories are worth: held-back stories, spoilt on purpose, beside the simplest rivals on the same ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from openstack_rca.model.calibration import STORY_ALARM_SCORE, StoryCalibration
from openstack_rca.model.follow import FollowRules, request_lines
from openstack_rca.model.lessons import TEST, TRAIN, VALIDATION, Material
from openstack_rca.model.measures import auroc, binary_measures
from openstack_rca.model.network_steps import network_steps, template_owners
from openstack_rca.model.scoring import Forward
from openstack_rca.model.sequences import encode_stories
from openstack_rca.model.stories import REQUEST, Stories
from openstack_rca.model.story_learning import select
from openstack_rca.model.story_scoring import whole_stories
from openstack_rca.model.vocabulary import Vocabulary

INJECTIONS = ("truncated", "dropped", "swapped", "delayed")
MOST_JUDGED = 1000
LEAST_EVENTS = 3
"""Events that a story needs to be spoilt: there must be something before and after the place."""
OBLIGATORY_SHARE = 0.97
DELAY_SECONDS, DELAY_FACTOR = 10.0, 20.0
"""A delayed step comes so many times later than it did, and at least so many seconds."""


@dataclass(frozen=True)
class Judged:
    """Stories to test a detector on; ``spoilt`` names for each the injection (of ``INJECTIONS``), empty for an unchanged one."""

    events: pl.DataFrame
    stories: Stories
    spoilt: npt.NDArray[np.str_]


def measure_stories(
    material: Material, forward: Forward, vocabulary: Vocabulary, calibration: StoryCalibration
) -> dict[str, float]:
    """Figures on the test part's stories, each as it was and spoilt in each of four ways.

    Returns:
        ``story_auroc``, ``story_f1``, ``story_precision``, ``story_recall``, ``story_false_alarm_share`` at
        ``STORY_ALARM_SCORE``; ``story_<injection>_auroc``; and of the rivals ``rival_<name>_story_auroc`` and ``..._f1``.
        ``story_missing_f1`` and ``story_late_f1`` of the steps between services that the network expects of requests,
        ``story_within_missing_f1`` and ``story_within_late_f1`` of those within one, and the same of the follow rules.
        Nothing where the test part holds too few stories.
    """
    judged = spoil(material, seed=0)
    truth = judged.spoilt != ""
    if truth.sum() < len(INJECTIONS) or (~truth).sum() < LEAST_EVENTS:
        return {}
    steps = encode_stories(judged.events, judged.stories, vocabulary)
    whole = whole_stories(steps, forward.score(steps), vocabulary, calibration, list(judged.stories.kind))
    score = whole["score"].to_numpy()
    flagged = score > STORY_ALARM_SCORE
    metrics = {"story_auroc": auroc(truth, score), "story_false_alarm_share": float(flagged[~truth].mean())}
    metrics |= {f"story_{name}": value for name, value in binary_measures(truth, flagged).items()}
    for injection in INJECTIONS:
        chosen = ~truth | (judged.spoilt == injection)
        metrics[f"story_{injection}_auroc"] = auroc(truth[chosen], score[chosen])
    rules = _follow_rules(material)
    told = request_lines(judged.events, judged.stories)
    ruled = pl.concat([rules.steps(told), rules.own_steps(told)])
    for name, value in _rivals(material, judged, ruled).items():
        metrics[f"rival_{name}_story_auroc"] = auroc(truth, value)
        metrics[f"rival_{name}_story_f1"] = binary_measures(truth, value > 0)["f1"]
    own = network_steps(forward, vocabulary, template_owners(material.events), judged.events, judged.stories)
    return metrics | _step_measures(judged, own, "story") | _step_measures(judged, ruled, "rival_follow_rule_story")


def _step_measures(judged: Judged, steps: pl.DataFrame, prefix: str) -> dict[str, float]:
    """F1 of telling requests in which a step is missing, or late, from whole ones, by what became of expected steps."""
    request = np.asarray([kind == REQUEST for kind in judged.stories.kind], dtype=np.bool_)
    within = pl.col("service") == pl.col("follower")
    metrics = {}
    for place, part in (("", steps.filter(~within)), ("within_", steps.filter(within))):
        for state, injections in (("missing", ("truncated", "dropped")), ("late", ("delayed",))):
            chosen = request & np.isin(judged.spoilt, ("", *injections))
            found = np.zeros(len(judged.spoilt), dtype=np.bool_)
            found[part.filter(pl.col("state") == state)["story"].to_numpy()] = True
            truth = judged.spoilt[chosen] != ""
            if truth.any():
                metrics[f"{prefix}_{place}{state}_f1"] = binary_measures(truth, found[chosen])["f1"]
    return metrics


def spoil(material: Material, seed: int) -> Judged:
    """The test part's stories that ended, as they were and spoilt in each of four ways, on events of their own."""
    random = np.random.default_rng([seed, 4])
    lengths = np.diff(material.stories.offsets)
    usable = material.chosen_stories(TEST) & material.stories.ended & (lengths >= LEAST_EVENTS)
    numbers = np.flatnonzero(usable)
    numbers = np.sort(random.permutation(numbers)[: MOST_JUDGED // (1 + len(INJECTIONS))])
    moments = material.events["time"].dt.epoch("us").to_numpy().astype(np.float64)
    rows: list[npt.NDArray[np.int64]] = []
    times: list[npt.NDArray[np.float64]] = []
    kinds, names, spoilt = [], [], []
    for number in numbers.tolist():
        own = material.stories.rows[material.stories.offsets[number] : material.stories.offsets[number + 1]]
        for what in ("", *INJECTIONS):
            chosen, moment = _spoilt(own, moments[own], what, random)
            rows.append(chosen)
            times.append(moment)
            kinds.append(material.stories.kind[number])
            names.append(material.stories.names[number])
            spoilt.append(what)
    if not rows:
        return Judged(
            material.events.clear(), select(material.stories, np.zeros(len(lengths), np.bool_)), np.zeros(0, str)
        )
    moment = np.concatenate(times)
    order = np.argsort(moment, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    events = material.events[np.concatenate(rows)[order]].with_columns(
        pl.Series("time", moment[order].astype(np.int64)).cast(pl.Datetime("us", "UTC"))
    )
    stories = Stories(
        rows=place,
        offsets=np.append(0, np.cumsum([len(part) for part in rows])).astype(np.int64),
        ended=np.ones(len(rows), dtype=np.bool_),
        kind=kinds,
        names=names,
    )
    return Judged(events, stories, np.asarray(spoilt))


def _spoilt(
    rows: npt.NDArray[np.int64], times: npt.NDArray[np.float64], what: str, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    place = int(random.integers(1, len(rows)))
    rows, times = rows.copy(), times.copy()
    if what == "truncated":
        return rows[:place], times[:place]
    if what == "dropped":
        return np.delete(rows, place - 1), np.delete(times, place - 1)
    if what == "swapped":
        rows[[place - 1, place]] = rows[[place, place - 1]]
    elif what == "delayed":
        wait = times[place] - times[place - 1]
        times[place:] += max(wait * (DELAY_FACTOR - 1.0), DELAY_SECONDS * 1e6)
    return rows, times


def _follow_rules(material: Material) -> FollowRules:
    learned = select(material.stories, material.chosen_stories(TRAIN, VALIDATION) & material.stories.ended)
    return FollowRules.learn(material.events, learned, rated=False)


def _rivals(material: Material, judged: Judged, ruled: pl.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
    """(stories,) of each rival: 0 means no finding, a higher value more; ``ruled`` are the steps that follow rules expect."""
    learned = select(material.stories, material.chosen_stories(TRAIN, VALIDATION) & material.stories.ended)
    known = material.events["template_id"].gather(learned.rows).unique().implode()
    new = (~judged.events["template_id"].is_in(known)).to_numpy()[judged.stories.rows]
    found = ruled.filter(pl.col("state") != "came")["story"].to_numpy()
    return {
        "unseen_event": np.add.reduceat(new.astype(np.float64), judged.stories.offsets[:-1]),
        "obligatory_event": _missing_obligatory(material.events, learned, judged),
        "follow_rule": np.bincount(found, minlength=len(judged.spoilt)).astype(np.float64),
    }


def _missing_obligatory(events: pl.DataFrame, learned: Stories, judged: Judged) -> npt.NDArray[np.float64]:
    """How many templates a story lacks that nearly all stories of its kind that begin like it hold."""

    def beginnings(frame: pl.DataFrame, stories: Stories) -> pl.DataFrame:
        of_row = np.repeat(np.arange(len(stories.names)), np.diff(stories.offsets))
        ids = frame["template_id"].gather(stories.rows)
        return pl.DataFrame({"story": of_row, "template_id": ids}).with_columns(
            pl.Series("kind", np.asarray(stories.kind, dtype=object)[of_row].tolist(), dtype=pl.String),
            pl.col("template_id").first().over("story").alias("first"),
        )

    key = ["kind", "first"]
    normal = beginnings(events, learned)
    counts = normal.group_by(key).agg(pl.col("story").n_unique().alias("stories"))
    obligatory = (
        normal.group_by(*key, "template_id")
        .agg(pl.col("story").n_unique().alias("holding"))
        .join(counts, on=key)
        .filter((pl.col("holding") >= OBLIGATORY_SHARE * pl.col("stories")) & (pl.col("stories") >= LEAST_EVENTS))
        .select(*key, "template_id")
    )
    told = beginnings(judged.events, judged.stories)
    expected = told.select("story", *key).unique().join(obligatory, on=key, how="inner")
    missing = expected.join(told, on=["story", "template_id"], how="anti").group_by("story").len()
    found = np.zeros(len(judged.spoilt))
    found[missing["story"].to_numpy()] = missing["len"].to_numpy()
    return found
