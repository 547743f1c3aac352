"""How severe a record in JSON says that it is: by words, by numbers of syslog's or of a program's own, by an answer."""

import re
from collections.abc import Mapping, Sequence

from openstack_rca.logs import json_keys
from openstack_rca.logs.json_records import Record
from openstack_rca.logs.records import level_name, syslog_level_name

_BUNYAN = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}
_CORALOGIX = {1: "DEBUG", 2: "DEBUG", 3: "INFO", 4: "WARNING", 5: "ERROR", 6: "CRITICAL"}
# A request and its answer: no more than information, as in an access log.
_STATUS = re.compile("[1-5][0-9][0-9]")
_STATUSES = ("status", "status_code", "response_code", "responseStatus.code", "http.response.status_code")


def level_of(flat: Record, held: Mapping[str, Sequence[str]]) -> tuple[str | None, bool]:
    """The severity, and whether a word of the program's own says it: a number is what syslog or journald put there.

    ``held`` are the keys of the flat record by what they say.
    """
    for key in held["WORD_LEVELS"]:
        value = flat[key]
        if isinstance(value, str):
            level = level_name(value)
            if level is not None:
                return level, key.lower() not in json_keys.SYSLOG_WORDS
    for key in held["SYSLOG_NUMBERS"]:
        value = flat[key]
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,3}", str(value)):
            continue
        number = int(str(value))
        if key == "level" and number in _BUNYAN and ("v" in flat or {"pid", "hostname"} <= flat.keys()):
            return _BUNYAN[number], True
        if key.lower() == "severity" and number in _CORALOGIX and "subsystemname" in map(str.lower, flat):
            return _CORALOGIX[number], True
        if key not in ("level", "severity", "priority") or number < 8:
            return syslog_level_name(number), False
    answered = any(_STATUS.fullmatch(str(flat.get(key))) for key in _STATUSES)
    return "CRITICAL" if "crash_id" in flat else "INFO" if answered else None, False
