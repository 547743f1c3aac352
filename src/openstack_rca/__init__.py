"""OpenStack RCA: the root cause of a cloud's trouble, from its logs."""

__version__ = "0.1.0"
