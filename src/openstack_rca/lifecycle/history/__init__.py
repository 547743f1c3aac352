"""What was done to versions, by whom, and the state that follows. May touch ``objects`` and ``records``."""

from openstack_rca.lifecycle.history.changes_log import (
    LONGEST_TEXT,
    PUBLISHED,
    READ_AT_ONCE,
    REFUSED,
    EventLog,
    VersionEvent,
    author,
)
from openstack_rca.lifecycle.history.version_index import VersionIndex, version_not_found
from openstack_rca.lifecycle.history.version_state import (
    ALIAS,
    DESCRIPTION,
    PIN,
    STAGE,
    STAGES,
    YANK,
    VersionState,
    read_state,
)
