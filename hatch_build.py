"""Compiles the signatures into one file of the wheel, because reading many YAML files takes long at each start."""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KNOWLEDGE = Path("src/openstack_rca/rca/knowledge")


class CompileSignatures(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``rca/knowledge/signatures.json`` to a wheel; an editable installation compiles the YAML files at first use."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by the builder before it collects the files."""
        if version == "editable":
            return
        knowledge = Path(self.root) / KNOWLEDGE
        # Both modules stand alone, so that a build needs nothing of what the program needs.
        literals = _load(knowledge / "literals.py").required_literals
        module = _load(knowledge / "signature_files.py")
        self._folder = tempfile.TemporaryDirectory()
        built = Path(self._folder.name) / module.BUILT
        rules = module.compiled(knowledge / "signatures", literals)
        built.write_text(json.dumps(rules), encoding="utf-8")
        build_data["force_include"][str(built)] = f"openstack_rca/rca/knowledge/{module.BUILT}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is written."""
        if version != "editable":
            self._folder.cleanup()


def _load(path: Path) -> Any:
    name = f"build_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
