"""Set up the next plan: baselines taken from published figures, targets left to its document.

The draft is a plan file with empty keys. It cannot be mistaken for a plan: as long as a key is
empty, reading it fails and names the lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wqa.assessment.attainment import assess
from wqa.assessment.evidence import Evidence, gather, rows_by_key
from wqa.catalog.catalog import load_indicators, load_plan
from wqa.catalog.reading import read_yaml
from wqa.catalog.records import LANGUAGES, Plan, Target
from wqa.data.loading import load_observations, load_sources
from wqa.errors import DataError
from wqa.parameters import iso_date
from wqa.paths import CATALOG


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
        row: dict[str, Any] = {"target_id": target.id, "row": target.row + target.part}
        row |= {"scope": evidence.scope, "status": "missing", "value": None, "year": None}
        if measured := _measured(target, evidence, found):
            measured["source"] = " / ".join(titles[s] for s in measured["source_id"].split())
            rows.append(row | measured)
        else:
            rows.append(row | _reason(target, evidence, found, reasons[target.id]))
    return pd.DataFrame(rows).astype({"year": "Int64", "value": "float64"})


def _measured(target: Target, evidence: Evidence, plan: Plan) -> dict[str, Any]:
    """Value, year and source of a baseline; empty if there is none inside the plan."""
    inside = evidence.in_plan(plan.start_year)
    if not inside or target.kind == "compound":
        return {}
    year = max(inside)
    years, value = [year], inside[year]
    if target.scope == "plan_sum":
        years = list(range(plan.start_year, plan.end_year + 1))
        if any(y not in inside for y in years):
            return {}
        value = evidence.flow.span.lower
    rows = [row for row in evidence.rows if row.year in years]
    found = {"status": "measured", "value": value, "year": year, "evidence": rows[-1].evidence}
    found["source_id"] = " ".join(dict.fromkeys(row.source_id for row in rows))
    found["published"] = max(row.published for row in rows)
    return found | {"locator": "; ".join(f"{row.file}:{row.row}" for row in rows)}


def _reason(
    target: Target, evidence: Evidence, plan: Plan, answer: Mapping[Any, Any]
) -> dict[str, str]:
    """Why there is no baseline, or what is known instead, in both languages."""
    inside = evidence.in_plan(plan.start_year)
    if not inside:
        return {f"reason_{lang}": str(answer[f"evidence_{lang}"]) for lang in LANGUAGES}
    name = "sum_incomplete" if target.scope == "plan_sum" else "not_followed"
    words = read_yaml(CATALOG / "wording" / "terms.yml")["baseline"][name]
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
        got, expected = f"{start} to {end}", f"years after {found.end_year}"
        raise DataError("the next plan does not follow the last one", got=got, expected=expected)
    baselines = next_plan_baselines(found, as_of, catalog=catalog)
    slots = {"name": plan_id or next_plan_id(found, start, end), "old": found.id}
    slots |= {"known": f"known on {as_of}" if as_of else "known so far", "region": found.region}
    slots |= {f"issuer_{lang}": _quoted(getattr(found, f"issuer_{lang}")) for lang in LANGUAGES}
    count = {"count": len(baselines), "measured": (baselines["status"] == "measured").sum()}
    template = (CATALOG / "next_plan.txt").read_text(encoding="utf-8")
    lines = [template.format(start=start, end=end, **slots, **count).rstrip("\n")]
    for target, row in zip(found.targets, baselines.to_dict("records"), strict=True):
        lines += _target_lines(target, {str(k): v for k, v in row.items()}, found, end)
    return "\n".join(lines) + "\n"


def next_plan_id(plan: Plan, start: int, end: int) -> str:
    """Return the default id of the next plan, such as ``wuhan-2026-2030``."""
    return f"{plan.id.partition('-')[0]}-{start}-{end}"


def _target_lines(target: Target, row: dict[str, Any], plan: Plan, end: int) -> list[str]:
    lines = [f"  - row: {_quoted(target.row)}"]
    lines += [f"    part: {_quoted(target.part)}"] if target.part else []
    shown = vars(target) | {"year": end}
    shown |= {key: _quoted(shown[key]) for key in ("name_zh", "name_en")}
    shown |= dict.fromkeys(("comparator", "value"), "")
    keys = ("indicator_id", "name_zh", "name_en", "kind", "comparator", "value", "unit",
            "decimals", "year", "scope")  # fmt: skip
    lines += [f"    {key}: {shown[key]}".rstrip() for key in keys]
    lines += [f"    region: {target.region}"] if target.region != plan.region else []
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
        lines += [f"    # {_line(row[f'reason_{lang}'])}" for lang in LANGUAGES]
        lines.append("    baseline: {status: missing}")
    lines += ["    nature:", "    clause:", f"    series: {_listed(target.series)}"]
    lines += ["    conditions:"] if target.conditions else []
    for part in target.conditions:
        texts = {name: _quoted(getattr(part, name)) for name in ("name_zh", "name_en")}
        texts |= {"indicator_id": part.indicator_id, "series": _listed(part.series)}
        texts["comparator"] = ""
        if part.reference_region:
            texts["reference_region"] = part.reference_region
            texts["reference_series"] = _listed(part.reference_series)
        else:
            texts["value"] = ""
        lines.append(f"      - id: {part.id}")
        lines += [f"        {key}: {text}".rstrip() for key, text in texts.items()]
    return [*lines, ""]


def _listed(scopes: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, scopes))}]"


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
        fix = "Rename it, or write into another folder."
        raise DataError("the draft is already there", where=str(path), fix=fix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
