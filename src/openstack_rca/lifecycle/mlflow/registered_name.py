"""Under which name the registry holds a model: its own, where that is free.

``models:/lstm_model/15`` is what people write. Where two environments of one registry would collide, the later one is held as
``<experiment>.<model name>``, as older releases hold every one; that name is still read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openstack_rca.lifecycle.mlflow.client import sqlite_file
from openstack_rca.lifecycle.mlflow.registry_reader import ClientReader, RegistryReader, SqliteReader
from openstack_rca.lifecycle.mlflow.registry_tags import TAG_EXPERIMENT, TAG_MODEL_NAME
from openstack_rca.lifecycle.records import Place
from openstack_rca.settings import Settings


class RegisteredName:
    """The name of one model of one environment.

    Args:
        settings: where the registry is.
        place: which model of which environment.
        client: gives MLflow's client.
    """

    def __init__(self, settings: Settings, place: Place, client: Callable[[], Any]) -> None:
        self._settings = settings
        self._place = place
        self._client = client
        self._readers: dict[str, RegistryReader] = {}
        self._found = ""

    @property
    def known(self) -> bool:
        """Whether the registry holds it, so that it never changes."""
        return bool(self._found)

    @property
    def name(self) -> str:
        """The name that the registry holds, else the one that it should be made with."""
        if self._found:
            return self._found
        long, short = self._place.qualified_name, self._place.model_name
        if self.reader(long).model().known:
            self._found = long
            return long
        held = self.reader(short).model()
        if not held.known:
            return short
        if (held.tags.get(TAG_EXPERIMENT), held.tags.get(TAG_MODEL_NAME)) != (self._place.experiment, short):
            return long
        self._found = short
        return short

    def reader(self, name: str) -> RegistryReader:
        """What answers questions about a name."""
        if name not in self._readers:
            uri = self._settings.tracking_uri
            client = ClientReader(self._client, uri, name)
            database = sqlite_file(uri)
            seconds = self._settings.network_timeout_seconds
            self._readers[name] = client if database is None else SqliteReader(database, name, client, seconds)
        return self._readers[name]
