"""Every setting and every environment variable, read here and nowhere else.

The names of the manual (``MLFLOW_*``, ``AWS_*``) are taken as they are; our own begin with ``OPENSTACK_RCA_``.
With none set, everything lives under ``OPENSTACK_RCA_HOME`` (default ``~/.local/share/openstack-rca``):
a sqlite tracking database, a ``file://`` artifact root, the cache and the spool.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import (
    AliasChoices,
    ConfigDict,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from openstack_rca.errors import ConfigurationError
from openstack_rca.extras import is_installed
from openstack_rca.outside_settings import OutsideSettings, named

DEFAULT_EXPERIMENT = "openstack_rca_system_staging"
DEFAULT_MODEL_NAME = "lstm_model"


def zones_of_hosts(text: str) -> dict[str, str]:
    """Pattern of host names -> IANA zone, from a text like ``cmp-*=Europe/Paris,ctl1=UTC``."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {host.strip(): zone.strip() for host, _, zone in pairs}


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"{path} is below ~, but this user has no home folder; give another path") from None


class Settings(OutsideSettings):
    """Settings of one process; immutable once made."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, validate_default=True)

    home: Path = named("OPENSTACK_RCA_HOME", default=Path("~/.local/share/openstack-rca"))
    """Folder of state, cache and the embedded stores."""
    mlflow_tracking_uri: str | None = named("MLFLOW_TRACKING_URI")
    mlflow_tracking_username: str | None = named("MLFLOW_TRACKING_USERNAME")
    mlflow_tracking_password: SecretStr | None = named("MLFLOW_TRACKING_PASSWORD")
    mlflow_tracking_token: SecretStr | None = named("MLFLOW_TRACKING_TOKEN")
    mlflow_tracking_server_cert_path: Path | None = named("MLFLOW_TRACKING_SERVER_CERT_PATH")
    mlflow_tracking_insecure_tls: bool = named("MLFLOW_TRACKING_INSECURE_TLS", default=False)
    allow_insecure_tls: bool = named("OPENSTACK_RCA_ALLOW_INSECURE_TLS", default=False)
    """Whether MLFLOW_TRACKING_INSECURE_TLS is obeyed; every command then says so."""
    mlflow_artifact_root: str | None = named("MLFLOW_ARTIFACT_ROOT")
    # Without the extra there is nothing to keep runs with; a server that is named is a wish that must not be dropped.
    mlflow_enabled: bool = named(
        "OPENSTACK_RCA_MLFLOW_ENABLED",
        default_factory=lambda given: is_installed("mlflow") or given.get("mlflow_tracking_uri") is not None,
    )
    experiment_name: str = named("MLFLOW_EXPERIMENT_NAME", "OPENSTACK_RCA_EXPERIMENT", default=DEFAULT_EXPERIMENT)
    model_name: str = named("OPENSTACK_RCA_MODEL_NAME", default=DEFAULT_MODEL_NAME)

    s3_endpoint_url: str | None = named("MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    aws_access_key_id: str | None = named("AWS_ACCESS_KEY_ID")
    aws_secret_access_key: SecretStr | None = named("AWS_SECRET_ACCESS_KEY")
    aws_session_token: SecretStr | None = named("AWS_SESSION_TOKEN")
    aws_default_region: str = named("AWS_DEFAULT_REGION", "AWS_REGION", default="us-east-1")
    aws_profile: str | None = named("AWS_PROFILE")
    aws_shared_credentials_file: Path = named("AWS_SHARED_CREDENTIALS_FILE", default=Path("~/.aws/credentials"))
    s3_multipart_threshold: int = named("OPENSTACK_RCA_S3_MULTIPART_THRESHOLD", default=64 * 1024 * 1024, gt=0)
    s3_multipart_chunksize: int = named(
        "OPENSTACK_RCA_S3_MULTIPART_CHUNKSIZE", default=16 * 1024 * 1024, ge=5 * 1024 * 1024
    )
    enable_compression: bool = named("OPENSTACK_RCA_ENABLE_COMPRESSION", default=False)
    upload_attempts: int = named("OPENSTACK_RCA_UPLOAD_ATTEMPTS", default=4, gt=0)
    s3_server_side_encryption: str | None = named(
        "OPENSTACK_RCA_S3_SERVER_SIDE_ENCRYPTION", "AWS_SERVER_SIDE_ENCRYPTION"
    )
    s3_kms_key_id: str | None = named("OPENSTACK_RCA_S3_KMS_KEY_ID", "AWS_SSE_KMS_KEY_ID")
    s3_storage_class: str | None = named("OPENSTACK_RCA_S3_STORAGE_CLASS")
    ca_bundle: Path | None = named("OPENSTACK_RCA_CA_BUNDLE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
    aws_role_arn: str | None = named("AWS_ROLE_ARN")
    aws_web_identity_token_file: Path | None = named("AWS_WEB_IDENTITY_TOKEN_FILE")
    aws_sts_endpoint: str | None = named("AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT")
    network_timeout_seconds: float = named("OPENSTACK_RCA_NETWORK_TIMEOUT", default=5.0, gt=0)

    model_margin: float = named("OPENSTACK_RCA_MODEL_MARGIN", default=0.05, ge=0)
    """By how much, as a share, a new version may be worse than the one in use before it is refused."""

    protected_aliases: str = named("OPENSTACK_RCA_PROTECTED_ALIASES", default="")
    """Names, with commas between them, that move with ``--force`` only."""
    retention: str = named("OPENSTACK_RCA_RETENTION", default="")
    """How long versions stay, by stage: ``Staging=90d,none=30d``."""
    promotion_webhook: SecretStr | None = named("OPENSTACK_RCA_PROMOTION_WEBHOOK")
    """An address that learns of each promotion; it often holds a token."""

    signing_key: Path | None = named("OPENSTACK_RCA_SIGNING_KEY")
    """Private key, PEM, that signs what is published."""
    signing_key_password: SecretStr | None = named("OPENSTACK_RCA_SIGNING_KEY_PASSWORD")
    verification_key: Path | None = named("OPENSTACK_RCA_VERIFICATION_KEY")
    """Public key, PEM; with one, only versions that are signed for it are used."""

    log_timezone: str = named("OPENSTACK_RCA_LOG_TIMEZONE", default="UTC")
    host_timezones: str = named("OPENSTACK_RCA_HOST_TIMEZONES", default="")
    log_format: str | None = named("OPENSTACK_RCA_LOG_FORMAT")
    """Name of the only format that lines are read as; none: whatever they look like."""
    log_host: str | None = named("OPENSTACK_RCA_LOG_HOST")
    """Host to assume for lines that name none."""
    log_year: int | None = named("OPENSTACK_RCA_LOG_YEAR", ge=1970, le=9999)
    """Year of the last stamp of files whose stamps carry none."""
    reading_threads: int | None = named("OPENSTACK_RCA_READING_THREADS", gt=0)
    """How many batches of lines are read at once; none: one a processor, four at most."""
    correct_skew: bool = named("OPENSTACK_RCA_CORRECT_SKEW", default=False)
    """Whether times of hosts whose clock disagrees are put right."""
    deployment: str | None = named("OPENSTACK_RCA_DEPLOYMENT")
    """Tool that installed the cloud; none: whatever the logs look like."""
    archive_members: int = named("OPENSTACK_RCA_ARCHIVE_MEMBERS", default=200_000, gt=0)
    """Most files that one archive of logs may hold."""
    unpacked_bytes: int = named("OPENSTACK_RCA_UNPACKED_BYTES", default=2 * 1024**3, gt=0)
    """Most bytes of text that are read from one packed file."""
    unpacked_ratio: int = named("OPENSTACK_RCA_UNPACKED_RATIO", default=200, gt=0)
    """How many times its size a packed file may unpack to, beyond its first 64 MiB."""
    signatures_folder: Path | None = named("OPENSTACK_RCA_SIGNATURES")
    cache_size_bytes: int = named("OPENSTACK_RCA_CACHE_SIZE_BYTES", default=2 * 1024**3, gt=0)
    send_runs: Literal["background", "now", "later"] = named("OPENSTACK_RCA_SEND_RUNS", default="background")
    """When answers are sent as runs: by a process of its own, before the command ends, or by runs send."""
    webhook: SecretStr | None = named("OPENSTACK_RCA_WEBHOOK")
    """Where watch posts what it tells; an address that nobody else should see does not stand on a command line."""
    log_cache_bytes: int = named("OPENSTACK_RCA_LOG_CACHE_BYTES", default=2 * 1024**3, ge=0)
    """Most bytes that events and scores may take which are kept for the next question; 0 keeps none."""
    reports_kept: int = named("OPENSTACK_RCA_REPORTS_KEPT", default=500, gt=0)
    """How many reports are kept on this machine; the oldest go first."""
    log_roots: str = named("OPENSTACK_RCA_LOG_ROOTS", default="/var/log")
    """Folders whose logs the dashboard may read, separated by colons."""
    upload_size_bytes: int = named("OPENSTACK_RCA_UPLOAD_SIZE_BYTES", default=1024**3, gt=0)
    """Most bytes that one upload to the dashboard may hold, unpacked."""

    @model_validator(mode="before")
    @classmethod
    def _environment_behind(cls, given: dict[str, object]) -> dict[str, object]:
        # Whatever reads the environment for pydantic takes an eighth of a second to import.
        found: dict[str, object] = {}
        for name, field in cls.model_fields.items():
            if name not in given and isinstance(field.validation_alias, AliasChoices):
                # An empty variable is one that is not set.
                variable = next((word for word in field.validation_alias.choices if os.environ.get(str(word))), None)
                if variable is not None:
                    found[str(variable)] = os.environ[str(variable)]
        return found | given

    @field_validator("aws_shared_credentials_file", mode="after")
    @classmethod
    def _absolute_credentials(cls, value: Path) -> Path:
        # Who has no home folder has no credentials there.
        with suppress(ValueError):
            return _expanded(value)
        return value

    @field_validator("home", "signing_key", "verification_key", "hosts_file", "ssh_config", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and _expanded(value)

    @model_validator(mode="after")
    def _certificates_are_checked(self) -> Settings:
        if self.mlflow_tracking_insecure_tls and not self.allow_insecure_tls:
            raise ValueError(
                "MLFLOW_TRACKING_INSECURE_TLS is set, and without checking certificates anybody on the way could read the "
                "credentials and send another model; set OPENSTACK_RCA_CA_BUNDLE to the authority of the server "
                "instead, or OPENSTACK_RCA_ALLOW_INSECURE_TLS=true to go on all the same"
            )
        return self

    @field_validator("s3_server_side_encryption", mode="after")
    @classmethod
    def _known_encryption(cls, value: str | None) -> str | None:
        if value not in (None, "AES256", "aws:kms", "aws:kms:dsse"):
            raise ValueError(f"{value!r} is not AES256, aws:kms or aws:kms:dsse")
        return value

    @field_validator("log_timezone", "host_timezones", mode="after")
    @classmethod
    def _known_timezone(cls, value: str, info: ValidationInfo) -> str:
        zones = zones_of_hosts(value).values() if info.field_name == "host_timezones" else [value]
        for zone in zones:
            # Listing them all takes a hundred times as long as what nearly everybody has.
            if zone != "UTC" and zone not in available_timezones():
                raise ValueError(f"{zone!r} is not an IANA time zone such as UTC or Europe/Paris")
        return value

    @field_validator("experiment_name", "model_name", mode="after")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", value):
            raise ValueError(
                f"{value!r} may hold only letters, digits, '.', '_' and '-', and starts with a letter or digit"
            )
        return value

    @property
    def tracking_uri(self) -> str:
        """MLflow tracking and registry URI: the given one, else the embedded sqlite database."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def artifact_root(self) -> str:
        """Where versions are stored: the given URI, else a folder below ``home``."""
        return (self.mlflow_artifact_root or (self.home / "artifacts").as_uri()).rstrip("/")

    @property
    def log_root_folders(self) -> tuple[Path, ...]:
        """Folders whose logs the dashboard may read, links resolved."""
        return tuple(Path(part).expanduser().resolve() for part in self.log_roots.split(os.pathsep) if part.strip())

    @property
    def uploads_folder(self) -> Path:
        """Logs uploaded to the dashboard, one folder a browser session, removed when the session ends."""
        return self.home / "uploads"

    @property
    def cache_folder(self) -> Path:
        """Verified model files, keyed by digest."""
        return self.home / "cache"

    @property
    def work_folder(self) -> Path:
        """Unfinished files; those of processes that were killed are removed at the next run."""
        return self.home / "work"

    @property
    def spool_folder(self) -> Path:
        """Trained files that could not be published yet."""
        return self.home / "spool"

    @property
    def reports_folder(self) -> Path:
        """Reports that were made here, one file each."""
        return self.home / "reports"

    @property
    def state_folder(self) -> Path:
        """Histories and other small state."""
        return self.home / "state"


_FROM_FILE: dict[str, object] = {}
"""What the manual's ``config/config.py`` says; the environment and arguments win over it."""


def set_defaults(values: Mapping[str, object]) -> None:
    """Set this process's defaults by field name, in place of earlier ones; arguments and the environment win over them."""
    _FROM_FILE.clear()
    _FROM_FILE.update(values)


def load_settings(**overrides: object) -> Settings:
    """Read the environment; keyword arguments that are not ``None`` win over it, and it wins over ``set_defaults``.

    Raises ConfigurationError: a value cannot work; the message names the setting and never its secret value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
        behind = {name: value for name, value in _FROM_FILE.items() if name not in settings.model_fields_set}
        if behind:
            settings = Settings(**given, **behind)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise ConfigurationError(f"The settings contradict each other: {problem}.") from None
        raise ConfigurationError(
            f"The setting {_variable(str(first['loc'][0]))} cannot be used: {problem}.",
            "Correct or unset it and run again.",
        ) from None
    _lend_home(settings)
    return settings


def _lend_home(settings: Settings) -> None:
    """Let libraries that insist on a home folder have ours, where this user has none."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(settings.home)


def mistyped_variables() -> dict[str, str]:
    """Environment variables named ``OPENSTACK_RCA_*`` that are no setting -> the one that each resembles ("" for none)."""
    ours = {name for field in Settings.model_fields.values() for name in _names(field.validation_alias)}
    strange = sorted(name for name in os.environ if name.startswith("OPENSTACK_RCA_") and name not in ours)
    return {name: next(iter(get_close_matches(name, sorted(ours), n=1, cutoff=0.8)), "") for name in strange}


def _names(alias: object) -> list[str]:
    return [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else []


def _variable(name: str) -> str:
    """The environment variable of a field; a name that is one already stays."""
    field = Settings.model_fields.get(name)
    return next(iter(_names(field.validation_alias if field else None)), name)
