"""What becomes of a model that was trained: saved wherever there is room, published, or kept and named."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack_rca.errors import PublishFailed, PublishInterrupted
from openstack_rca.lifecycle.mlflow import RunLogger
from openstack_rca.lifecycle.objects import work_folder
from openstack_rca.lifecycle.records import ModelKind, ModelVersion
from openstack_rca.lifecycle.versions import ModelLifecycle
from openstack_rca.service.gate import GateResult
from openstack_rca.service.listener import Listener
from openstack_rca.settings import Settings


@dataclass(frozen=True)
class Published:
    """What came of publishing: the stored version, else where the trained file waits, in the spool or beside it."""

    version: ModelVersion | None
    kept: Path | None = None
    notices: tuple[str, ...] = ()


@contextmanager
def saved_model(save: Callable[[Path], None], settings: Settings, output: Path | None) -> Iterator[Path]:
    """Save a trained model, whole or not at all, in a folder that vanishes with the block.

    A full disk must not cost the training: below the home is tried first, then the folder of temporary files, then the
    folder of ``output``. Raises PublishFailed: none of them has room for the file.
    """
    places: list[Callable[[], AbstractContextManager[Path | str]]] = [
        lambda: work_folder(settings.work_folder),
        lambda: tempfile.TemporaryDirectory(prefix="openstack-rca-"),
    ]
    if output is not None:
        places.append(lambda: work_folder(output.absolute().parent / f".{output.name}-work"))
    problems = []
    with ExitStack() as stack:
        for place in places:
            try:
                path = Path(stack.enter_context(place())) / f"{settings.model_name}.keras"
                save(path)
            except OSError as error:
                problems.append(f"{error.filename or settings.work_folder}: {error.strerror or error}")
                continue
            break
        else:
            raise PublishFailed(
                f"The model was trained, and there is no room for its file: {'; '.join(problems)}.",
                "Free some space, or name a place that has some with --output, and train again.",
            )
        yield path


def publish_trained(
    model_file: Path,
    lifecycle: ModelLifecycle,
    run: RunLogger,
    gate: GateResult,
    *,
    force: bool,
    metrics: Mapping[str, float],
    parameters: Mapping[str, Any],
    card: Mapping[str, Any],
    listener: Listener,
) -> Published:
    """Publish a trained file, or keep it; the run names the version. Raises PublishInterrupted, PublishFailed (not kept)."""
    notices = [f"Forced, although {gate.objection}."] if gate.objection and force else []
    try:
        version = lifecycle.publish(
            model_file,
            run_id=run.run_id,
            metrics=metrics,
            parameters=parameters,
            card=card,
            kind=ModelKind.ENGINE,
            objection=gate.objection,
            forced=force,
            before=gate.present,
            on_progress=listener.part,
        )
    except PublishInterrupted:
        raise
    except PublishFailed as error:
        if error.kept is not None:
            return Published(None, error.kept, (*notices, str(error)))
        kept = _kept(model_file, lifecycle.settings)
        return Published(None, kept, (*notices, f"{error.message} The trained file is {kept}: copy it away."))
    if version.status == "refused":
        stays = f"latest stays version {gate.present}" if gate.present else "nothing leads to it"
        notices.append(
            f"Version {version.version} is stored as refused, and {stays}: {gate.objection}. To use it all the same, train "
            "with --force; the margin is set by OPENSTACK_RCA_MODEL_MARGIN."
        )
    run.log_version(version.version, version.uri)
    run.describe(version.description)
    run.set_tags({"openstack_rca.version_status": version.status, "openstack_rca.objection": gate.objection or "none"})
    return Published(version, None, tuple(notices))


def _kept(model_file: Path, settings: Settings) -> Path:
    """Put the file where it stays, though not in the spool: moving it takes no room on its disk. Raises PublishFailed."""
    problems = []
    for parent in (tempfile.gettempdir(), str(settings.home)):
        try:
            target = Path(tempfile.mkdtemp(prefix="openstack-rca-", dir=parent)) / model_file.name
            shutil.move(model_file, target)
        except OSError as error:
            problems.append(f"{parent}: {error.strerror or error}")
            continue
        return target
    raise PublishFailed(
        f"The model was trained and could neither be published nor kept: {'; '.join(problems)}.",
        "Free some space and train again.",
    )
