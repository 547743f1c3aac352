"""The levels of log lines, the least serious first, and those that tell of trouble."""

LEVELS = ("UNKNOWN", "TRACE", "DEBUG", "INFO", "AUDIT", "WARNING", "ERROR", "CRITICAL")
FAILURES = ("ERROR", "CRITICAL")
COMPLAINTS = ("WARNING", *FAILURES)
