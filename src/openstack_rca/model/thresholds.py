"""When drift counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Above which each measure counts as drift; the names are those of the measures.

    Chosen on recordings of one cloud: a quiet recording against a noisy one of the same cloud under another load gives
    0.00, 0.16, 0.13, 0.01 and 0.15 in the order below; logs of a fault 0.13 to 0.29, 0.37 to 0.42, 0.21 to 0.31, 0.10 to
    0.20 and 0.09 to 0.28; another release of OpenStack elsewhere 0.92, 0.98, 0.77, 0.83 and 0.93.

    Attributes:
        unseen_share: share of events with a template that training did not hold.
        template_distance, service_distance: Jensen-Shannon distance of the mixes.
        alarm_share: share of events that score ``ALARM_SCORE`` or more.
        score_distance: largest distance between the share of events up to a score and that score (Kolmogorov-Smirnov).
    """

    unseen_share: float = 0.05
    template_distance: float = 0.3
    service_distance: float = 0.2
    alarm_share: float = 0.05
    score_distance: float = 0.25
