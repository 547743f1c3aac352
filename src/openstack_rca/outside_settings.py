"""Settings of what lies outside: logs elsewhere, the HTTP API, a pager, a language model; a part of ``Settings``."""

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr


def named(*names: str, **facts: Any) -> Any:
    """A field read from the first of these environment variables that is set; ``facts`` go to ``Field``, the default is None."""
    if "default_factory" not in facts:
        facts.setdefault("default", None)
    return Field(validation_alias=AliasChoices(*names), **facts)


class OutsideSettings(BaseModel):
    """The part of ``settings.Settings`` for what lies outside; see there for how the fields are read."""

    # Only the class below is ever made.
    model_config = ConfigDict(defer_build=True)

    pager: str = named("OPENSTACK_RCA_PAGER", default="less -FRX")
    """Program that shows what is longer than a screen, where it is installed; cat turns it off."""
    hosts_file: Path | None = named("OPENSTACK_RCA_HOSTS")
    """Inventory (Ansible, INI or YAML) that names the hosts of ssh:// addresses."""
    ssh_config: Path | None = named("OPENSTACK_RCA_SSH_CONFIG")
    """Configuration file for ssh in the place of the user's own."""
    remote_since: str | None = named("OPENSTACK_RCA_REMOTE_SINCE")
    """How far back logs are fetched from elsewhere; empty: an hour, and finished logs whole."""
    remote_until: str | None = named("OPENSTACK_RCA_REMOTE_UNTIL")
    """Until when logs are fetched from elsewhere; empty: until now."""
    remote_bytes: int = named("OPENSTACK_RCA_REMOTE_BYTES", default=2 * 1024**3, gt=0)
    """Most bytes that one command fetches from elsewhere."""
    remote_timeout_seconds: float = named("OPENSTACK_RCA_REMOTE_TIMEOUT", default=60.0, gt=0)
    """How long ssh, docker and the like may send nothing."""
    loki_tenant: str | None = named("OPENSTACK_RCA_LOKI_TENANT")
    loki_user: str | None = named("OPENSTACK_RCA_LOKI_USER")
    loki_password: SecretStr | None = named("OPENSTACK_RCA_LOKI_PASSWORD")
    loki_token: SecretStr | None = named("OPENSTACK_RCA_LOKI_TOKEN")
    opensearch_user: str | None = named("OPENSTACK_RCA_OPENSEARCH_USER")
    opensearch_password: SecretStr | None = named("OPENSTACK_RCA_OPENSEARCH_PASSWORD")
    opensearch_token: SecretStr | None = named("OPENSTACK_RCA_OPENSEARCH_TOKEN")
    serve_token: SecretStr | None = named("OPENSTACK_RCA_SERVE_TOKEN")
    """What callers of the HTTP API send."""
    answer_webhook: SecretStr | None = named("OPENSTACK_RCA_ANSWER_WEBHOOK")
    """Where the answers to alerts are posted; who knows it can write there."""
    llm_url: str | None = named("OPENSTACK_RCA_LLM_URL")
    """Base of an OpenAI-compatible API; unset: no language model is used."""
    llm_model: str | None = named("OPENSTACK_RCA_LLM_MODEL")
    llm_key: SecretStr | None = named("OPENSTACK_RCA_LLM_KEY")
    llm_timeout_seconds: float = named("OPENSTACK_RCA_LLM_TIMEOUT", default=60.0, gt=0)
