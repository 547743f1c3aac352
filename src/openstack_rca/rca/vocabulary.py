"""The words that every room uses: verdicts, kinds of fault, sorts of evidence. Nothing else is in this module."""

from enum import StrEnum


class Verdict(StrEnum):
    """How far the answer can be trusted."""

    CONFIRMED = "CONFIRMED"
    LIKELY = "LIKELY"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_FAILURE_FOUND = "NO FAILURE FOUND"


class Unclear(StrEnum):
    """Why logs in which nothing was found do not show that nothing failed."""

    LEVELS_UNKNOWN = "levels unknown"
    NO_OPENSTACK = "no OpenStack log"
    NOTHING_KNOWN = "no log of OpenStack or of what it stands on"


class Category(StrEnum):
    """What kind of fault a cause is."""

    PROCESS_DOWN = "process-down"
    HANG = "hang"
    NETWORK = "network"
    AUTH = "auth"
    CONFIG = "config"
    CAPACITY = "capacity"
    STORAGE = "storage"
    DATABASE = "database"
    MESSAGING = "messaging"
    DATA_MISSING = "data-missing"


REASONS = (Category.CONFIG, Category.CAPACITY, Category.STORAGE, Category.AUTH)
"""Kinds that an error tells of as a reason; what is missing is often missing for another one."""

OUTCOMES = (Category.PROCESS_DOWN, Category.HANG, Category.NETWORK)
"""Kinds that say what came of a fault, where a line does not tell the fault itself."""

STATED_CAUSES = (*REASONS, Category.DATA_MISSING)
"""Kinds that are a reason; a process that is down or hangs may be so for any of them."""


class EvidenceSort(StrEnum):
    """Where a piece of evidence comes from."""

    SIGNATURE = "signature"
    NEW_TEMPLATE = "new template"
    RATE_CHANGE = "rate change"
    SILENCE = "silence"
    MODEL_ANOMALY = "model anomaly"
    SHARED_DEPENDENCY = "shared dependency"
    MISSING_STEP = "missing step"
    LATE_STEP = "late step"


class Directness(StrEnum):
    """How a finding relates to the cause."""

    CAUSE = "cause"
    ACCUSATION = "accusation"
    SYMPTOM = "symptom"


class ConfidenceSource(StrEnum):
    """The parts that a confidence is made of."""

    OWN_WORDS = "own words"
    ACCUSED = "accused by others"
    SILENCE = "silence"
    SYMPTOMS = "unexplained errors"
    EXPLAINS = "trouble explained"
    FITS_ISSUE = "fits the issue"
    EXPLAINED_AWAY = "explained away"
