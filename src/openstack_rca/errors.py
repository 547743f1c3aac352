"""Every error that OpenStack RCA raises on purpose.

::

    OpenStackRcaError
    ├── ConfigurationError
    │   └── ExtraMissing
    ├── OutputUnwritable
    ├── ClusterError
    │   ├── ClusterUnavailable
    │   └── ClusterMismatch
    ├── LogInputError
    │   ├── LogPathNotFound
    │   ├── NoLogFiles
    │   ├── RemoteLogsUnavailable
    │   │   └── NoRemoteLogs
    │   ├── UnreadableLog
    │   │   ├── DamagedLog
    │   │   ├── BinaryLog
    │   │   ├── NotARegularFile
    │   │   ├── UnknownPacking
    │   │   │   └── WindowsEventLog
    │   │   └── LogBoundReached
    │   └── NoKnownLines
    ├── ModelError
    │   ├── NotEnoughTrainingData
    │   ├── TrainingInterrupted
    │   └── ModelFileError
    │       ├── ModelFileDamaged
    │       ├── ModelFileUnsafe
    │       └── ModelFormatUnsupported
    ├── LifecycleError
    │   ├── VersionNotFound
    │   ├── DigestMismatch
    │   ├── SignatureInvalid
    │   ├── PublishFailed
    │   │   └── PublishInterrupted
    │   ├── RegistryUnavailable
    │   │   └── RegistryFailed
    │   ├── RegistryRefused
    │   ├── BackupFailed
    │   ├── BackupDamaged
    │   └── StoreError
    │       ├── StoreUnavailable
    │       ├── StoreAccessDenied
    │       ├── StoreBucketNotFound
    │       ├── StoreObjectNotFound
    │       └── StoreObjectExists
    └── AnalysisError
        ├── EmptyWindow
        ├── SignatureCatalogueError
        ├── IncidentFormatError
        ├── UnknownComponent
        ├── HistoryUnavailable
        ├── ReportNotFound
        ├── LanguageModelUnavailable
        └── StoryNotFound

An error says what happened and to what (``message``), and what to do next (``hint``).
Secrets never enter either.
"""

from pathlib import Path


class OpenStackRcaError(Exception):
    """Base of the tree.

    Args:
        message: what happened, to what.
        hint: what the user can do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigurationError(OpenStackRcaError):
    """A setting or an environment variable has a value that cannot work."""


class ExtraMissing(ConfigurationError):
    """An optional part of the installation is needed and not there."""


class OutputUnwritable(OpenStackRcaError):
    """The output of a command cannot be written, such as on a full disk."""


class ClusterError(OpenStackRcaError):
    """The work could not be done on a cluster."""


class ClusterUnavailable(ClusterError):
    """The scheduler does not answer, or there is no worker that does the work."""


class ClusterMismatch(ClusterError):
    """A worker has other code, or sees other logs, than this machine."""


class LogInputError(OpenStackRcaError):
    """The logs that were given cannot be used."""


class LogPathNotFound(LogInputError):
    """A path does not exist, or a glob matches nothing."""


class NoLogFiles(LogInputError):
    """A folder holds nothing that looks like a log."""


class RemoteLogsUnavailable(LogInputError):
    """Logs that lie elsewhere cannot be fetched.

    Args:
        message, hint: as for every error.
        status: the HTTP status that the server answered with; None where it sent none.
    """

    def __init__(self, message: str, hint: str = "", status: int | None = None) -> None:
        super().__init__(message, hint)
        self.status = status


class NoRemoteLogs(RemoteLogsUnavailable):
    """A place answered, and holds nothing of the wanted time."""


class UnreadableLog(LogInputError):
    """A file cannot be read, or not to its end."""


class DamagedLog(UnreadableLog):
    """A compressed file or an archive is damaged or cut off."""


class BinaryLog(UnreadableLog):
    """A file holds no text."""


class NotARegularFile(UnreadableLog):
    """A device, a socket, or a pipe that nothing writes to."""


class UnknownPacking(UnreadableLog):
    """A compressed file or archive that is not read, or needs a password or a program that is not installed."""


class WindowsEventLog(UnknownPacking):
    """Windows' own binary log of events, which is not read."""


class LogBoundReached(UnreadableLog):
    """A packed file holds more than a bound allows.

    Args:
        message, hint: as for every error; the message names the setting.
        distrusted: it looks made to do harm, so nothing of it is to be used.
    """

    def __init__(self, message: str, hint: str = "", *, distrusted: bool = False) -> None:
        super().__init__(message, hint)
        self.distrusted = distrusted


class NoKnownLines(LogInputError):
    """The files hold no line of a known log format."""


class ModelError(OpenStackRcaError):
    """Training, scoring or a model file failed."""


class NotEnoughTrainingData(ModelError):
    """The training logs are too small to learn from."""


class TrainingInterrupted(ModelError):
    """Training was stopped by the user; nothing was written."""


class ModelFileError(ModelError):
    """A model file cannot be opened."""


class ModelFileDamaged(ModelFileError):
    """A part is missing, truncated or inconsistent."""


class ModelFileUnsafe(ModelFileError):
    """The file holds something that could run code (pickle, Lambda layer)."""


class ModelFormatUnsupported(ModelFileError):
    """The file's format version is not one that this release reads."""


class LifecycleError(OpenStackRcaError):
    """A model version could not be stored, found or loaded."""


class VersionNotFound(LifecycleError):
    """No such version, or none that is ready."""


class DigestMismatch(LifecycleError):
    """A stored or waiting file is not what was written: it was changed or damaged."""


class SignatureInvalid(LifecycleError):
    """A version is not signed as the verification key demands; it is not used."""


class PublishFailed(LifecycleError):
    """A version could not be published.

    Args:
        kept: where the file waits in the spool; None where it does not.
    """

    def __init__(self, message: str, hint: str = "", kept: Path | None = None) -> None:
        super().__init__(message, hint)
        self.kept = kept


class PublishInterrupted(PublishFailed):
    """The user stopped the publishing; the trained file waits in the spool."""


class RegistryUnavailable(LifecycleError):
    """The MLflow tracking server or registry does not answer."""


class RegistryFailed(RegistryUnavailable):
    """The MLflow tracking server answered with an error of its own."""


class RegistryRefused(LifecycleError):
    """The MLflow tracking server or registry answered, but not to do what was asked."""


class BackupFailed(LifecycleError):
    """The tracking database could not be copied or put back; nothing was changed."""


class BackupDamaged(LifecycleError):
    """The tracking database or a copy of it is damaged, or the file is no tracking database."""


class StoreError(LifecycleError):
    """The object store refused or failed."""


class StoreUnavailable(StoreError):
    """The object store does not answer."""


class StoreAccessDenied(StoreError):
    """The object store refused the credentials."""


class StoreBucketNotFound(StoreError):
    """The bucket does not exist."""


class StoreObjectNotFound(StoreError):
    """The object is not in the store."""


class StoreObjectExists(StoreError):
    """The key is taken; nothing was overwritten."""


class AnalysisError(OpenStackRcaError):
    """The root-cause analysis could not run."""


class StoryNotFound(AnalysisError):
    """The logs name no such object or request."""


class EmptyWindow(AnalysisError):
    """No event lies in the stretch of time that was asked for."""


class SignatureCatalogueError(AnalysisError):
    """A signature file does not follow the schema."""


class IncidentFormatError(AnalysisError):
    """An incident folder does not hold what ``evaluate`` needs."""


class UnknownComponent(AnalysisError):
    """A name that is neither a canonical component nor one of its aliases."""


class HistoryUnavailable(AnalysisError):
    """The local history of incidents cannot be read or written."""


class ReportNotFound(AnalysisError):
    """No report of the history has this id, or several do."""


class LanguageModelUnavailable(AnalysisError):
    """The language model that was set does not answer as it should; no answer of ours depends on it."""
