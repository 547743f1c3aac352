"""Records whose keys or columns nobody told us: time, level, text, program and host are known by what they look like."""

import json

import pytest
from tests.logs.reading import read_text, rows

WANTED = [
    ("2026-11-23T04:00:00", "c1", "nova-api", "ERROR", "no way out"),
    ("2026-11-23T04:00:01", "c1", "nova-api", "INFO", "okay"),
]
COLUMNS = ("zeit", "rechner-host", "quelle", "stufe", "meldung")
CELLS = [[time.replace("T", " "), *rest] for time, *rest in WANTED]
BARS = ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, *CELLS)]
BORDER = "+" + "-" * 21 + "+---+----+---+----+"
TEXTS = {
    "JSON lines": "\n".join(json.dumps(dict(zip(COLUMNS, cells, strict=True))) for cells in CELLS),
    "records in records": json.dumps(
        {"members": [{"when": time, "who": {"node": host, "what": name}, "sev": level, "say": text} for time, host, name, level, text in WANTED]}
    ),
    "a prefix of Kafka's": "\n".join("CreateTime:1\t" + json.dumps(dict(zip(COLUMNS, cells, strict=True))) for cells in CELLS),
    "semicolons": "\n".join(";".join(cells) for cells in (COLUMNS, *CELLS)),
    "no header": "\n".join("\t".join(["7", cells[0], "c1", *cells[2:]]) for cells in CELLS),
    "Markdown": "\n".join([BARS[0], "|---|---|---|---|---|", *BARS[1:]]),
    "a client's table": "\n".join(["$ show", BORDER, BARS[0], BORDER, *BARS[1:], BORDER]),
    "psql": "\n".join([BARS[0].strip("|"), "-----+----+----+----+-----", *(bar.strip("|") for bar in BARS[1:])]),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_record_says_is_told_by_how_it_looks(name: str) -> None:
    events = [event for event in rows(TEXTS[name] + "\n", "saved.log") if event["message"] != "$ show"]
    told = [
        (event["time"].isoformat()[:19], *(event[key] for key in ("host", "service", "level", "message")))
        for event in events
    ]
    assert told == WANTED


def test_a_row_that_goes_on_below_is_one_event() -> None:
    below = "|  |  |  |  | at all |"
    read = read_text("\n".join([BARS[0], BORDER, BARS[1], below, BARS[2]]) + "\n", "saved.txt")
    assert read.events["message"].to_list() == ["no way out at all", "okay"]
    assert read.files[0].lines == 5


def test_what_stands_around_a_table_is_kept() -> None:
    text = "\n".join(["2026-11-23 03:59:59.000 7 ERROR nova.api [-] before", *BARS[:1], BORDER, *BARS[1:]])
    assert [event["message"] for event in rows(text, "saved.txt")] == ["before", "no way out", "okay"]


def test_a_document_without_a_level_or_a_text_is_no_log() -> None:
    """A container's settings have a moment and words too."""
    text = json.dumps({"Created": "2026-11-23T04:00:00Z", "Path": "sleep 10", "Name": "x"})
    assert (
        rows(json.dumps({"message": "m", "time": "2026-11-23T04:00:00Z"}) + "\n" + text, "x.log")[0]["message"] == "m"
    )
    assert [event["level"] for event in rows("2026-11-23 04:00:00.000 7 INFO nova.api [-] up\n" + text, "x.log")] == [
        "INFO"
    ]


def test_names_of_hosts_between_rules_are_their_lines_hosts() -> None:
    rule, line = "-" * 15, "2026-11-23 04:00:00.000 7 ERROR nova.api [-] boom"
    text = "\n".join([rule, "c1", rule, line, rule, "c2 (1)", rule, line])
    assert [event["host"] for event in rows(text, "saved.txt")] == ["c1", "c2"]


LANGUAGES = {
    "German": ("Zeitstempel;Rechner;Dienst;Stufe;Meldung", "Fehler", "Hinweis", "23.11.2026 04:00:0{}"),
    "French": (
        "Horodatage;Machine hôte;Programme;Niveau;Texte du journal",
        "Erreur",
        "Information",
        "23/11/2026 04:00:0{}",
    ),
    "Spanish": ("Fecha;Equipo;Programa;Gravedad;Mensaje", "Error", "Información", "23/11/2026 04:00:0{}"),
    "Japanese": ("日時;ホスト;サービス;レベル;メッセージ", "エラー", "情報", "2026/11/23 04:00:0{}"),
    "of no language": ("a;b;c;d;e", "ERROR", "INFO", "2026-11-23 04:00:0{}"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_in_any_language_is_told_by_what_its_columns_hold(language: str) -> None:
    header, error, info, stamp = LANGUAGES[language]
    cells = [
        (stamp.format(0), "cmp-a1", "nova-api", error, "no way out"),
        (stamp.format(1), "cmp-b2", "nova-api", info, "okay"),
    ]
    text = "\r\n".join([header, *map(";".join, cells)])
    told = [(event["host"], event["service"], event["level"], event["message"]) for event in rows(text, "export.csv")]
    assert told == [("cmp-a1", "nova-api", "ERROR", "no way out"), ("cmp-b2", "nova-api", "INFO", "okay")]


def test_a_cell_that_is_a_line_of_a_log_is_no_moment() -> None:
    line = "2026-11-23 04:00:00.100 7 ERROR nova.api [-] no way out"
    (event,) = rows(f"Zeit;Stufe;Meldung\n23.11.2026 05:00:00;Fehler;{line}\n", "export.csv")
    assert (event["level"], event["logger"], event["message"]) == ("ERROR", "nova.api", "no way out")


def test_the_viewer_of_windows_names_no_column_for_the_text_in_any_language() -> None:
    rows_of = "Fehler,23.11.2026 04:00:00,Service Control Manager,7031,Keine,Der Dienst nova-compute wurde beendet.\r\n"
    header = "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\n"
    (event,) = rows(header + rows_of, "ereignisse.csv")
    assert (event["level"], event["service"], event["message"]) == (
        "ERROR",
        "Service Control Manager",
        "Der Dienst nova-compute wurde beendet.",
    )
