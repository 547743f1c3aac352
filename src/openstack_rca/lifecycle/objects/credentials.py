"""S3 credentials: from the settings, else from a profile of the AWS credentials file."""

import configparser
from dataclasses import dataclass
from pathlib import Path

from openstack_rca.errors import ConfigurationError
from openstack_rca.settings import Settings

KEYS_FROM_ELSEWHERE = ("role_arn", "credential_process", "sso_session", "sso_start_url")
"""What stands in a profile whose keys some other tool has to fetch first."""


@dataclass(frozen=True)
class S3Access:
    """How to reach an S3 server; ``source`` says in words where the credentials come from, never what they are."""

    access_key_id: str | None
    secret_access_key: str | None
    session_token: str | None
    region: str
    endpoint: str | None
    source: str
    role_arn: str | None = None
    web_identity_token_file: str | None = None

    def __repr__(self) -> str:
        return f"S3Access(source={self.source!r}, region={self.region!r}, endpoint={self.endpoint!r})"


def find_s3_access(settings: Settings) -> S3Access:
    """Credentials, region and endpoint.

    Keys in the environment win over ``AWS_PROFILE``, as in the AWS tools; with neither, the ``default`` profile is
    taken where there is one, and else the store library's own chain (web identity, container and instance roles).

    Raises ConfigurationError: a key without its secret, a profile that does not exist, or one that gets its keys in a
    way that this program does not know.
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
    region_is_given = "aws_default_region" in settings.model_fields_set
    region = settings.aws_default_region if region_is_given else facts.get("region", settings.aws_default_region)
    endpoint = settings.s3_endpoint_url or facts.get("endpoint_url")
    if "aws_access_key_id" in facts and "aws_secret_access_key" in facts and "role_arn" not in facts:
        return S3Access(
            access_key_id=facts["aws_access_key_id"],
            secret_access_key=facts["aws_secret_access_key"],
            session_token=facts.get("aws_session_token"),
            region=region,
            endpoint=endpoint,
            source=f"AWS profile {profile}",
        )
    role = settings.aws_role_arn or facts.get("role_arn")
    token_file = str(settings.aws_web_identity_token_file or facts.get("web_identity_token_file", ""))
    if role and token_file:
        if not Path(token_file).is_file():
            raise ConfigurationError(
                f"There is no web identity token {token_file} for the role {role}.",
                "Correct AWS_WEB_IDENTITY_TOKEN_FILE.",
            )
        source = f"the role {role} by web identity"
        return S3Access(None, None, None, region, endpoint, source, role, token_file)
    unknown = [name for name in KEYS_FROM_ELSEWHERE if name in facts]
    if unknown:
        raise ConfigurationError(
            f"The AWS profile {profile!r} gets its keys by {unknown[0]}, which this program cannot do.",
            f'Export them first: eval "$(aws configure export-credentials --profile {profile} --format env)"',
        )
    return S3Access(None, None, None, region, endpoint, "the role of this machine or container")
