"""Write the table of docs/signatures.md anew: how many signatures accuse which component of which kind of fault.

python scripts/make_signature_table.py
"""

from collections import Counter
from pathlib import Path

from openstack_rca.rca.knowledge import load_catalogue
from openstack_rca.rca.vocabulary import Category

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "signatures.md"
BEGIN, END = "<!-- table of the catalogue: begin -->", "<!-- table of the catalogue: end -->"


def table() -> str:
    """The table in Markdown, a row a component, a column a kind of fault."""
    rules = load_catalogue().signatures
    counts = Counter((rule.accuses, rule.category) for rule in rules)
    kinds = list(Category)
    lines = [
        f"{len(rules)} signatures, {sum(bool(rule.bug) for rule in rules)} of them for known bugs:",
        "",
        "| accused | " + " | ".join(kinds) + " | all |",
        "|---|" + "---:|" * (len(kinds) + 1),
    ]
    for accused in sorted({rule.accuses for rule in rules}):
        row = [counts[accused, kind] for kind in kinds]
        cells = " | ".join(str(count or "") for count in row)
        lines.append(f"| `{accused}` | {cells} | {sum(row)} |")
    totals = [sum(counts[accused, kind] for accused in {rule.accuses for rule in rules}) for kind in kinds]
    lines.append("| all | " + " | ".join(map(str, totals)) + f" | {len(rules)} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
