"""A version's card, as Markdown and as a page: what it learned from, how, and how good it is."""

from html import escape
from typing import Any

from openstack_rca.lifecycle.records import ModelVersion
from openstack_rca.rca.report import markdown_prose, one_line

__all__ = ["card_markdown", "card_page", "parts_of"]

DATA = (
    "source",
    "data_fingerprint",
    "first",
    "last",
    "events",
    "lines",
    "templates",
    "services",
    "hosts",
    "mask_version",
)
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #d9d9d9;"
    "vertical-align:top;overflow-wrap:anywhere}th{width:16rem;font-weight:600}"
)


def parts_of(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a manifest tells, by subject: ``data``, ``settings``, ``figures``, ``packages``."""
    card = manifest.get("card") or {}
    return {
        "data": {name: card[name] for name in DATA if name in card},
        "settings": dict(manifest.get("parameters") or {}),
        "figures": dict(manifest.get("metrics") or {}),
        "packages": dict(card.get("packages") or {}),
    }


def card_markdown(version: ModelVersion, parts: dict[str, dict[str, Any]]) -> str:
    """The card as Markdown; text of others in it is shown as written, never read as markup."""
    lines = [f"# {_title(version)}", ""]
    for name, value in _facts(version).items():
        first, *more = value.splitlines()
        lines += [f"- {name}: {markdown_prose(first)}"]
        lines += [f"  - {markdown_prose(line.removeprefix('- '))}" for line in more if line]
    for title, part in parts.items():
        if part:
            lines += ["", f"## {title.capitalize()}", "", "| what | value |", "|---|---|"]
            lines += [
                f"| {markdown_prose(name)} | {markdown_prose(_shown(value))} |" for name, value in sorted(part.items())
            ]
    return "\n".join(lines) + "\n"


def card_page(version: ModelVersion, parts: dict[str, dict[str, Any]]) -> str:
    """The card as one HTML page without other files."""
    title = escape(_title(version))
    tables = [_table(_facts(version))]
    for name, part in parts.items():
        if part:
            tables += [f"<h2>{name.capitalize()}</h2>", _table({key: _shown(part[key]) for key in sorted(part)})]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
        + "\n".join(tables)
        + "\n</main></body></html>\n"
    )


def _table(facts: dict[str, str]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(one_line(name))}</th>'
        f"<td>{'<br>'.join(escape(one_line(line)) for line in value.splitlines())}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>\n{rows}\n</table>"


def _title(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"


def _facts(version: ModelVersion) -> dict[str, str]:
    facts = {
        "environment": version.experiment,
        "status": f"yanked: {version.yank_reason}" if version.yanked else version.status,
        "stage": version.stage,
        "aliases": ", ".join(version.aliases),
        "description": version.description,
        "published": f"{version.created:%Y-%m-%d %H:%M} UTC",
        "sha256": version.sha256,
        "stored as": version.uri,
        "run": version.run_id or "",
        **version.metadata,
    }
    return {name: value for name, value in facts.items() if value}


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
