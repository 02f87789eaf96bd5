"""The table of docs/faults.md, from the counts that the fault-injection tests left: python -m benchmarks.faults.

The counts are made by:  MINIGEN_FAULTS=benchmarks/results/faults.json python -m pytest -m "slow or not slow" -k fault
"""

import json
import re
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "faults.json"
PAGE = Path(__file__).parent.parent / "docs" / "faults.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def table(rows: dict[str, dict[str, object]]) -> str:
    """A Markdown table: fault, tries, losses."""
    lines = ["| fault | tries | losses | |", "|---|---:|---:|---|"]
    lines += [f"| {fault} | {row['tries']} | {row['losses']} | {row['note']} |" for fault, row in rows.items()]
    return "\n".join(lines) + "\n"


def filled(page: str, rows: dict[str, dict[str, object]]) -> str:
    """The page with its table made anew."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: BEGIN + table(rows) + END, page, flags=re.S)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(), json.loads(RESULTS.read_text())))
