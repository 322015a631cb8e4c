"""Rebuilds src/dragoman/data/codebook/*.tsv from the PLOVER and CAMEO fact sheets in the shared folder.

usage: python train/build_codebook.py SHARED

Only names, codes and scores are taken, which are facts; descriptions are the project's own.
The patches to known faults of PLOVER 2.0 are in the fact sheet already; data/codebook/README.md lists them.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).parents[1] / "src/dragoman/data/codebook"


def write(name: str, header: list[str], rows: list[list[Any]]) -> None:
    with (TARGET / name).open("w", encoding="utf8", newline="") as out:
        sheet = csv.writer(out, delimiter="\t", lineterminator="\n")
        sheet.writerow(header)
        sheet.writerows(rows)


def main(shared: Path) -> None:
    plover = yaml.safe_load((shared / "ontology/plover.yaml").read_text(encoding="utf8"))
    cameo = yaml.safe_load((shared / "ontology/cameo.yaml").read_text(encoding="utf8"))
    types = plover["event_types"]
    write(
        "types.tsv",
        ["type", "quad", "score", "requires_recipient"],
        [[t["name"], t["quad"], t["score"], str(t["requires_recipient"]).lower()] for t in types],
    )
    modes = [[t["name"], m["name"], "" if m["score"] is None else m["score"]] for t in types for m in t["modes"]]
    write("modes.tsv", ["type", "mode", "score"], modes)
    write("contexts.tsv", ["context"], [[c["name"]] for c in plover["contexts"]])
    sectors = plover["actors"]["sectors"]
    write("sectors.tsv", ["sector", "group"], [[s["code"], s["group"]] for s in sectors])
    write("cameo.tsv", ["code", "label", "goldstein", "quad", "type", "mode", "contexts"], cameo_rows(cameo["codes"]))


def cameo_rows(codes: dict[str, dict[str, Any]]) -> list[list[Any]]:
    rows = []
    for code, fact in sorted(codes.items()):
        way = fact.get("suggest") or fact.get("plover") or {}
        event = way.get("event") or ""
        event = (
            event if isinstance(event, str) else event[0]
        )  # a root that 2.0 split: the verbal type, its codes differ
        contexts = ",".join(way.get("contexts") or (fact.get("plover") or {}).get("contexts") or [])
        score = fact.get("goldstein", fact.get("goldstein_icews", ""))
        rows.append([code, fact["label"], score, fact["quad"], event, way.get("mode") or "", contexts])
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]))
