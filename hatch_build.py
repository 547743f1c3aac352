"""Compiles the signatures and tables of the wheel to JSON, because reading YAML takes long at each start."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTables(BuildHookInterface):  # type: ignore[type-arg]
    """Adds a JSON file to a wheel beside each YAML table and the folder of signatures; a checkout compiles them at first use."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by the builder before it collects the files."""
        if version == "editable":
            return
        source = Path(self.root, "src")
        sys.path.insert(0, str(source))
        # These modules stand alone, so that a build needs nothing of what the program needs.
        from openstack_rca.rca.knowledge.literals import required_literals
        from openstack_rca.rca.knowledge.signature_files import BUILT, compiled
        from openstack_rca.shipped import read_yaml

        package = source / "openstack_rca"
        signatures = package / "rca" / "knowledge" / "signatures"
        tables = [path for path in package.rglob("*.yaml") if signatures not in path.parents]
        contents = {path.with_suffix(".json"): read_yaml(path) for path in tables}
        contents[signatures.with_name(BUILT)] = compiled(signatures, required_literals)
        self._folder = tempfile.TemporaryDirectory()
        for number, (path, content) in enumerate(contents.items()):
            built = Path(self._folder.name, f"{number}.json")
            built.write_text(json.dumps(content), encoding="utf-8")
            build_data["force_include"][str(built)] = str(path.relative_to(source))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is written."""
        if version != "editable":
            self._folder.cleanup()
