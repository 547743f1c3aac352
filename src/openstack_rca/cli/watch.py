"""``openstack-rca watch``."""

from __future__ import annotations

import shlex
import time
from datetime import timedelta
from pathlib import Path

import click

from openstack_rca.cli.analyze import DEPLOYMENT
from openstack_rca.cli.main import INTERRUPTED
from openstack_rca.cli.options import HOSTS, MODEL, SIGNATURES, line_options, with_settings
from openstack_rca.cli.output import notice
from openstack_rca.cli.services import deliveries, model_choice, remote, troubles, watch_run, watching
from openstack_rca.cli.standard_output import end_with_reader
from openstack_rca.service.choices import WebhookFormat
from openstack_rca.settings import Settings


@click.command("watch")
@click.argument("logs", nargs=-1, required=True, metavar="LOGS...")
@MODEL
@SIGNATURES
@click.option("--from-start", is_flag=True, help="Read what the files hold already; default: only new lines.")
@click.option("--window", type=click.IntRange(1), default=15, help="Minutes of logs that each look covers.")
@click.option("--interval", type=click.IntRange(1), default=10, help="Seconds between two looks.")
@click.option(
    "--quiet", type=click.IntRange(1), default=120, help="Seconds without trouble after which trouble counts as ended."
)
@click.option(
    "--cool-down",
    type=click.IntRange(0),
    default=30,
    help="Minutes within which the same trouble is not told again when it returns.",
)
@click.option(
    "--webhook", "webhooks", multiple=True, metavar="URL", help="Post each notice to this address; may be repeated."
)
@click.option(
    "--webhook-format",
    type=click.Choice([form.value for form in WebhookFormat]),
    default="json",
    help="Payload format of the webhooks.",
)
@click.option(
    "--exec",
    "programs",
    multiple=True,
    metavar="CMD",
    help="Run this command for each notice, with the notice as JSON on its standard input.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a JSON file to this folder for each notice.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Serve /metrics and /healthz on this port of 127.0.0.1; 0 chooses a free one.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File that keeps the state over a restart; default: a file in OPENSTACK_RCA_HOME for these LOGS.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a line."
)  # fmt: skip
@with_settings
@DEPLOYMENT
@HOSTS
@line_options
def watch_command(
    logs: tuple[str, ...],
    model: str,
    signatures: Path | None,
    from_start: bool,
    window: int,
    interval: int,
    quiet: int,
    cool_down: int,
    webhooks: tuple[str, ...],
    webhook_format: str,
    programs: tuple[str, ...],
    output: Path | None,
    port: int | None,
    state: Path | None,
    form: str,
    deployment: str | None,
    settings: Settings,
) -> int:
    """Watch LOGS (files, folders, globs, - for standard input, or an address): tell when trouble begins, changes or ends.

    Addresses are ssh://HOST[,HOST]/PATH, journald:, ssh+journald://HOST, docker:, podman:, kubectl:NAMESPACE, loki+https:// and
    opensearch+https://; see docs/remote.md.

    Follows files that are rotated, truncated, removed and made again, and new files in a folder. One trouble is told once,
    also over a restart. SIGTERM stops it cleanly, with exit status 0. A webhook whose address is a secret is better given as
    OPENSTACK_RCA_WEBHOOK. See docs/watch.md.

    \b
    Examples:
      openstack-rca watch /var/log/kolla
      openstack-rca watch /var/log/kolla --webhook http://127.0.0.1:9093/api/v2/alerts --webhook-format alertmanager
      openstack-rca watch ssh://ctl1,ctl2/var/log/kolla
      openstack-rca watch journald:nova-compute.service
    """
    settings = settings.model_copy(update={"deployment": deployment}) if deployment else settings
    opened = model_choice.open_model(model, settings)
    receivers = _receivers(settings, webhooks, WebhookFormat(webhook_format), programs, output)
    sending = deliveries.Deliveries(receivers, time.monotonic, notice)
    options = watching.WatchOptions(
        window=timedelta(minutes=window),
        interval=timedelta(seconds=interval),
        quiet=timedelta(seconds=quiet),
        cool_down=timedelta(minutes=cool_down),
        from_start=from_start or "-" in logs,
        signatures=signatures,
    )
    state = state or watching.state_file(logs, settings)
    with remote.tailed(logs, settings, notice) as local:
        watch = watching.Watch(local, settings, opened, sending, options, state, names=logs)
        for text in opened.notices:
            notice(text)
        notice(watch_run.opening_words(logs, watch.files, opened, receivers, state))
        return _kept_watching(watch, sending, form, state, port, opened.version or opened.used.name)


def _kept_watching(
    watch: watching.Watch, sending: deliveries.Deliveries, form: str, state: Path, port: int | None, model: str
) -> int:
    """Watch until a signal comes; the exit status."""
    stop = watch_run.Stop()
    end_with_reader()

    def tell(told: troubles.Told) -> None:
        click.echo(told.model_dump_json() if form == "json" else troubles.describe(told))

    with stop.watching():
        watch_run.keep_watching(
            watch,
            sending,
            stop,
            tell=tell,
            state=state,
            port=port,
            model=model,
            on_page=lambda taken: notice(f"Metrics: http://127.0.0.1:{taken}/metrics"),
        )
    notice(watch_run.closing_words(watch.figures))
    return INTERRUPTED if stop.interrupted else 0


def _receivers(
    settings: Settings, webhooks: tuple[str, ...], form: WebhookFormat, programs: tuple[str, ...], output: Path | None
) -> list[deliveries.Receiver]:
    kept = [settings.webhook.get_secret_value()] if settings.webhook else []
    receivers: list[deliveries.Receiver] = [deliveries.Webhook(url, form) for url in (*webhooks, *kept)]
    for program in programs:
        try:
            words = shlex.split(program)
        except ValueError as error:
            raise click.BadParameter(f"{error}", param_hint="--exec") from None
        if not words:
            raise click.BadParameter("no program is named", param_hint="--exec")
        receivers.append(deliveries.Command(words))
    return [*receivers, *([deliveries.Folder(output)] if output else [])]
