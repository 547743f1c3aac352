"""Lines of OpenStack logs in, one table of events out.

``sources`` finds logs, ``opening`` and ``blocks`` read them, ``names`` tells host and service from a path; ``oslo``,
``formats`` and ``wrappers`` know the shapes of a line, which ``parsing`` tries in order; ``joining`` makes one event of
a traceback, ``templates`` masks what varies, and ``events`` is the door.
"""
