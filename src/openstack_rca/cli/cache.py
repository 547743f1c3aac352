"""``openstack-rca cache``."""

from __future__ import annotations

from dataclasses import asdict

import click

from openstack_rca.cli.options import JSON_FORMAT
from openstack_rca.cli.output import console, print_listing
from openstack_rca.cli.services import kept_logs
from openstack_rca.plain_text import sized
from openstack_rca.settings import load_settings


@click.group("cache")
def cache_group() -> None:
    """Logs that were read and scored before, kept so that the next question about them is answered at once."""


@cache_group.command("list")
@JSON_FORMAT
def list_command(form: str) -> None:
    """List the entries of the cache, last used first."""
    settings = load_settings()
    kept = kept_logs.list_kept(settings)
    nothing = f"Nothing is kept in {kept_logs.logs_folder(settings)}."
    titles = ("kind", "events", "MB", "last used (UTC)", "logs")
    print_listing(
        form, [asdict(each) for each in kept], nothing, titles, [_row(each) for each in kept], ("events", "MB")
    )


@cache_group.command("clear")
def clear_command() -> None:
    """Empty the cache; logs and models stay."""
    freed = kept_logs.clear_kept(load_settings())
    console().print(f"{sized(freed)} removed.")


def _row(kept: kept_logs.KeptFile) -> tuple[str, ...]:
    return (
        kept.kind,
        f"{kept.events:,}",
        f"{kept.size_bytes / 1e6:,.1f}",
        f"{kept.last_used:%Y-%m-%d %H:%M:%S}",
        ", ".join(kept.logs),
    )
