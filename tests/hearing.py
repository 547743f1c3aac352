"""A listener whose named methods are functions of the test."""

from collections.abc import Callable
from typing import Any

from openstack_rca.service.listener import Listener


def hearing(**methods: Callable[..., Any]) -> Listener:
    """Hears nothing but what is named."""
    listener = Listener()
    vars(listener).update(methods)
    return listener
