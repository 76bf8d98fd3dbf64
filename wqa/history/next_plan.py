"""Set up the next plan: baselines taken from published figures, targets left to its document.

The draft is a plan file with empty keys. It cannot be mistaken for a plan: as long as a key is
empty, reading it fails and names the lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment.attainment import assess
from wqa.assessment.evidence import Evidence, gather, rows_by_key
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import Plan, Target
from wqa.data.loading import load_observations, load_sources
from wqa.errors import DataError
from wqa.parameters import iso_date
from wqa.paths import CATALOG

LANGUAGES = ("zh", "en")
BASELINE_COLUMNS = (
    "target_id", "row", "indicator_id", "name_zh", "name_en", "region", "unit", "decimals",
    "status", "value", "year", "scope", "source_id", "source", "published", "evidence", "locator",
    "reason_zh", "reason_en",
)  # fmt: skip


def next_plan_baselines(
    plan: Plan | str, as_of: str = "", *, catalog: Path | str | None = None
) -> pd.DataFrame:
    """Take the baselines of the next plan from the figures of the plan that ends."""
    found = load_plan(plan, catalog) if isinstance(plan, str) else plan
    day = iso_date("as_of", as_of)
    frame = load_observations(as_of=day, catalog=catalog)
    indicators, figures = load_indicators(catalog), rows_by_key(frame)
    titles = load_sources(catalog=catalog).set_index("source_id")["title"]
    answers = assess(found, observations=frame, as_of=day, edition=found.end_year, catalog=catalog)
    reasons = {str(row["target_id"]): row for row in answers.to_dict("records")}
    rows = []
    for target in found.targets:
        own = figures.get((target.indicator_id, target.region), [])
        evidence = gather(own, target, indicators[target.indicator_id], found.end_year)
        row: dict[str, Any] = dict.fromkeys(BASELINE_COLUMNS, "") | {
            "target_id": target.id, "row": target.row + target.part,
            "indicator_id": target.indicator_id, "name_zh": target.name_zh,
            "name_en": target.name_en, "region": target.region, "unit": target.unit,
            "decimals": target.decimals, "status": "missing", "scope": evidence.scope,
            "value": None, "year": None,
        }  # fmt: skip
        measured = _measured(target, evidence, found)
        if measured:
            measured["source"] = " / ".join(titles[s] for s in measured["source_id"].split())
            row |= measured
        else:
            row |= _reason(target, evidence, found, reasons[target.id])
        rows.append(row)
    made = pd.DataFrame(rows, columns=list(BASELINE_COLUMNS))
    return made.astype({"year": "Int64", "value": "float64"})


def _measured(target: Target, evidence: Evidence, plan: Plan) -> dict[str, Any]:
    """Value, year and source of a baseline; empty if there is none inside the plan."""
    inside = evidence.in_plan(plan.start_year)
    if not inside or target.kind == "compound":
        return {}
    year = max(inside)
    years = [year]
    value = inside[year]
    if target.scope == "plan_sum":
        years = list(range(plan.start_year, plan.end_year + 1))
        if any(y not in inside for y in years):
            return {}
        value = evidence.flow.span.lower
    rows = [row for row in evidence.rows if row.year in years]
    return {
        "status": "measured",
        "value": value,
        "year": year,
        "source_id": " ".join(dict.fromkeys(row.source_id for row in rows)),
        "published": max(row.published for row in rows),
        "evidence": rows[-1].evidence,
        "locator": "; ".join(f"{row.file}:{row.row}" for row in rows),
    }


def _reason(
    target: Target, evidence: Evidence, plan: Plan, answer: Mapping[Any, Any]
) -> dict[str, str]:
    """Why there is no baseline, or what is known instead, in both languages."""
    inside = evidence.in_plan(plan.start_year)
    if not inside:
        return {f"reason_{lang}": str(answer[f"evidence_{lang}"]) for lang in LANGUAGES}
    name = "sum_incomplete" if target.scope == "plan_sum" else "not_followed"
    words = read_yaml(CATALOG / "wording" / "editions.yml")["baseline"][name]
    years = {"years": plan.end_year - plan.start_year + 1, "known": len(inside)}
    return {f"reason_{lang}": words[lang].format(**years) for lang in LANGUAGES}


def draft_plan(
    plan: Plan | str,
    start: int,
    end: int,
    *,
    plan_id: str = "",
    as_of: str = "",
    catalog: Path | str | None = None,
) -> str:
    """Write the draft of the next plan as YAML text."""
    found = load_plan(plan, catalog) if isinstance(plan, str) else plan
    if not found.end_year < start <= end:
        raise DataError("the next plan does not follow the last one", got=f"{start} to {end}",
                        expected=f"years after {found.end_year}")  # fmt: skip
    baselines = next_plan_baselines(found, as_of, catalog=catalog)
    name = plan_id or next_plan_id(found, start, end)
    measured = int((baselines["status"] == "measured").sum())
    known = f"known on {as_of}" if as_of else "known so far"
    lines = [
        f"# Draft of the plan {start}-{end} that follows {found.id}.",
        f"# Baselines are figures {known}: {measured} of {len(baselines)} are measured, each with",
        "# its source; none is estimated.",
        "# Fill every empty key from the document of the plan; until then it cannot be loaded, and",
        "# the message names the lines. Indicator, unit, kind, scope and series are those of the",
        "# last plan: compare each with the document, drop targets that are gone, add new ones.",
        f"id: {name}",
        "title_zh:",
        "title_en:",
        "short_zh:",
        "short_en:",
        f"region: {found.region}",
        f"issuer_zh: {_quoted(found.issuer_zh)}",
        f"issuer_en: {_quoted(found.issuer_en)}",
        'issued: ""',
        f"start_year: {start}",
        f"end_year: {end}",
        f"source_id: doc-{name}",
        "sources:",
        f"  - id: doc-{name}",
        "    title:",
        f"    publisher: {_quoted(found.issuer_zh)}",
        "    evidence: official",
        "",
        "targets:",
    ]
    rows = baselines.to_dict("records")
    for target, row in zip(found.targets, rows, strict=True):
        lines += _target_lines(target, {str(k): v for k, v in row.items()}, found, end)
    return "\n".join(lines) + "\n"


def next_plan_id(plan: Plan, start: int, end: int) -> str:
    """Return the default id of the next plan, such as ``wuhan-2026-2030``."""
    return f"{plan.id.partition('-')[0]}-{start}-{end}"


def _target_lines(target: Target, row: dict[str, Any], plan: Plan, end: int) -> list[str]:
    lines = [f"  - row: {_quoted(target.row)}"]
    if target.part:
        lines.append(f"    part: {_quoted(target.part)}")
    lines += [
        f"    indicator_id: {target.indicator_id}",
        f"    name_zh: {_quoted(target.name_zh)}",
        f"    name_en: {_quoted(target.name_en)}",
        f"    kind: {target.kind}",
        "    comparator:",
        "    value:",
        f"    unit: {target.unit}",
        f"    decimals: {target.decimals}",
        f"    year: {end}",
        f"    scope: {target.scope}",
    ]
    if target.region != plan.region:
        lines.append(f"    region: {target.region}")
    if target.reference_region:
        lines.append(f"    reference_region: {target.reference_region}")
    if row["status"] == "measured":
        period = f"{plan.start_year}-{plan.end_year}" if target.scope == "plan_sum" else row["year"]
        lines += [
            f"    # {_line(row['scope'])}, {period}: {_line(row['source'])}",
            f"    # published {row['published']}, evidence {row['evidence']}, {row['locator']}",
            f"    baseline: {{status: measured, value: {row['value']:.12g}, year: {row['year']}}}",
        ]
    else:
        lines += [f"    # {_line(row['reason_zh'])}", f"    # {_line(row['reason_en'])}",
                  "    baseline: {status: missing}"]  # fmt: skip
    lines += ["    nature:", "    clause:"]
    lines.append("    series: [" + ", ".join(_quoted(scope) for scope in target.series) + "]")
    if target.conditions:
        lines.append("    conditions:")
    for part in target.conditions:
        lines += [
            f"      - id: {part.id}",
            f"        name_zh: {_quoted(part.name_zh)}",
            f"        name_en: {_quoted(part.name_en)}",
            f"        indicator_id: {part.indicator_id}",
            "        series: [" + ", ".join(_quoted(scope) for scope in part.series) + "]",
            "        comparator:",
        ]
        if part.reference_region:
            series = ", ".join(_quoted(scope) for scope in part.reference_series)
            lines += [f"        reference_region: {part.reference_region}",
                      f"        reference_series: [{series}]"]  # fmt: skip
        else:
            lines.append("        value:")
    return [*lines, ""]


def _quoted(text: str) -> str:
    """Text as YAML; a JSON string is one."""
    return json.dumps(text, ensure_ascii=False)


def _line(text: Any) -> str:
    """Text of a data file inside a comment: one line whatever it holds."""
    return " ".join(str(text).split())


def write_draft(text: str, folder: Path | str, plan_id: str) -> Path:
    """Write a draft into a catalogue folder of its own."""
    path = Path(folder) / "plans" / f"{plan_id}.yml"
    if path.exists():
        raise DataError("the draft is already there", where=str(path),
                        fix="Rename it, or write into another folder.")  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
