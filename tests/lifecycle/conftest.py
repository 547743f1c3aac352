"""The fixtures of the tests of the lifecycle."""

from lifecycle_fixtures import *  # noqa: F403 - pytest finds fixtures by name
