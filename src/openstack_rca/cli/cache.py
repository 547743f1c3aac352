"""``openstack-rca cache``."""

from dataclasses import asdict

import click

from openstack_rca.cli.options import JSON_FORMAT
from openstack_rca.cli.output import console, print_listing
from openstack_rca.service.kept_logs import KeptFile, clear_kept, list_kept, logs_folder
from openstack_rca.settings import load_settings


@click.group("cache")
def cache_group() -> None:
    """Logs that were read and scored before, kept so that the next question about them is answered at once."""


@cache_group.command("list")
@JSON_FORMAT
def list_command(form: str) -> None:
    """List the entries of the cache, last used first."""
    settings = load_settings()
    kept = list_kept(settings)
    nothing = f"Nothing is kept in {logs_folder(settings)}."
    titles = ("kind", "events", "MB", "last used (UTC)", "logs")
    print_listing(
        form, [asdict(each) for each in kept], nothing, titles, [_row(each) for each in kept], ("events", "MB")
    )


@cache_group.command("clear")
def clear_command() -> None:
    """Empty the cache; logs and models stay."""
    freed = clear_kept(load_settings())
    console().print(f"{freed / 1e6:,.1f} MB removed.")


def _row(kept: KeptFile) -> tuple[str, ...]:
    return (
        kept.kind,
        f"{kept.events:,}",
        f"{kept.size_bytes / 1e6:,.1f}",
        f"{kept.last_used:%Y-%m-%d %H:%M:%S}",
        ", ".join(kept.logs),
    )
