"""``openstack-rca doctor``."""

import click

from openstack_rca.cli.options import with_form_and_settings
from openstack_rca.cli.output import print_json, say
from openstack_rca.cli.services import models
from openstack_rca.settings import Settings


@click.command("doctor")
@with_form_and_settings
def doctor_command(form: str, settings: Settings) -> int:
    """Check every connection: tracking, registry, run artifacts, store, credentials, clock, space. Exit status 1 if one fails."""
    checks = models.check_connections(settings)
    if form == "json":
        print_json([{"name": one.name, "ok": one.ok, "detail": one.detail, "hint": one.hint} for one in checks])
    else:
        for check in checks:
            word = "OK  " if check.ok else "FAIL"
            say(f"{word} {check.name:<18} {check.detail}")
            if not check.ok and check.hint:
                say(f"     {'':<18} {check.hint}")
    return 0 if all(check.ok for check in checks) else 1
