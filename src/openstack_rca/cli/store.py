"""``openstack-rca store``."""

import click

from openstack_rca.cli.options import with_settings
from openstack_rca.cli.output import notice, print_json
from openstack_rca.cli.services import upkeep
from openstack_rca.settings import Settings


@click.group("store")
def store_group() -> None:
    """The store that keeps the model files."""


@store_group.command("lifecycle", short_help="Show or set the bucket's lifecycle policy.")
@click.option(
    "--upload-days", type=click.IntRange(1), default=7, help="Days after which unfinished uploads are removed."
)
@click.option("--run-days", type=click.IntRange(1), default=90, help="Days after which artifacts of runs are removed.")
@click.option("--apply", is_flag=True, help="Apply the policy to the bucket; existing rules stay.")
@with_settings
def lifecycle_command(upload_days: int, run_days: int, apply: bool, settings: Settings) -> None:
    """Print, as JSON, the S3 lifecycle policy that clears unfinished uploads and the artifacts of old runs.

    Model versions are never part of it. Without --apply nothing is changed; a server without such policies is an error.

    \b
    Example:
      openstack-rca store lifecycle --upload-days 3 > policy.json
    """  # fmt: skip
    rules = upkeep.bucket_rules(settings, upload_days, run_days, apply=apply)
    print_json(rules.as_json())
    if apply:
        notice(f"The bucket {rules.bucket} has this policy now.")
