"""S3 credentials: from the settings, else from a profile of the AWS credentials file."""

from __future__ import annotations

import configparser
from dataclasses import dataclass

from openstack_rca.errors import ConfigurationError
from openstack_rca.settings import Settings


@dataclass(frozen=True)
class S3Access:
    """How to reach an S3 server; ``source`` says in words where the credentials come from, never what they are."""

    access_key_id: str | None
    secret_access_key: str | None
    session_token: str | None
    region: str
    endpoint: str | None
    source: str

    def __repr__(self) -> str:
        return f"S3Access(source={self.source!r}, region={self.region!r}, endpoint={self.endpoint!r})"


def find_s3_access(settings: Settings) -> S3Access:
    """Credentials, region and endpoint.

    Keys in the environment win over ``AWS_PROFILE``, as in the AWS tools; with neither, the ``default`` profile is
    taken where there is one, and else the store library's own chain (web identity, container and instance roles).

    Raises:
        ConfigurationError: a key without its secret, or a profile that does not exist.
    """
    if settings.aws_access_key_id or settings.aws_secret_access_key:
        if not (settings.aws_access_key_id and settings.aws_secret_access_key):
            missing = "AWS_SECRET_ACCESS_KEY" if settings.aws_access_key_id else "AWS_ACCESS_KEY_ID"
            raise ConfigurationError(f"The S3 credentials are not complete: {missing} is not set.", f"Set {missing}.")
        return S3Access(
            access_key_id=settings.aws_access_key_id,
            secret_access_key=settings.aws_secret_access_key.get_secret_value(),
            session_token=settings.aws_session_token.get_secret_value() if settings.aws_session_token else None,
            region=settings.aws_default_region,
            endpoint=settings.s3_endpoint_url,
            source="AWS_ACCESS_KEY_ID",
        )
    return _from_profile(settings)


def _from_profile(settings: Settings) -> S3Access:
    credentials_file = settings.aws_shared_credentials_file
    credentials = configparser.RawConfigParser()
    config = configparser.RawConfigParser()
    try:
        credentials.read(credentials_file, encoding="utf-8")
        config.read(credentials_file.with_name("config"), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The AWS credentials beside {credentials_file} cannot be read.", "Correct the file and run again."
        ) from error
    profile = settings.aws_profile or "default"
    config_section = profile if profile == "default" else f"profile {profile}"
    facts: dict[str, str] = {}
    for parser, section in ((config, config_section), (credentials, profile)):
        if parser.has_section(section):
            facts.update(parser.items(section))
    if settings.aws_profile and not facts:
        raise ConfigurationError(
            f"The AWS profile {profile!r} is not in {credentials_file}.", "Correct AWS_PROFILE or add the profile."
        )
    if not ("aws_access_key_id" in facts and "aws_secret_access_key" in facts):
        return S3Access(None, None, None, settings.aws_default_region, settings.s3_endpoint_url, "role of this machine")
    region_is_given = "aws_default_region" in settings.model_fields_set
    return S3Access(
        access_key_id=facts["aws_access_key_id"],
        secret_access_key=facts["aws_secret_access_key"],
        session_token=facts.get("aws_session_token"),
        region=settings.aws_default_region if region_is_given else facts.get("region", settings.aws_default_region),
        endpoint=settings.s3_endpoint_url or facts.get("endpoint_url"),
        source=f"AWS profile {profile}",
    )
