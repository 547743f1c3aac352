"""The fixtures of the fault tests: those of the lifecycle, and those of the command line."""

from lifecycle_fixtures import *  # noqa: F403 - pytest finds fixtures by name
