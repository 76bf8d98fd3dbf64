"""A project of its own for a city: its plan, its regions, its baselines, the chapters."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from wqa.catalog.reading import read_words
from wqa.data.findings import Finding, sorted_findings
from wqa.errors import DataError
from wqa.office.plan_tables import SCOPE, plan_record, read_plan_table
from wqa.paths import OWN_CATALOG, notebooks_dir

REGION_HEAD = "code,name_zh,name_en,level"
NATION = "CN,全国,China,country"
FIGURE_HEAD = "indicator,region,period,value,unit,scope,qualifier,source_title,source_publisher"
SCHEDULE = """# Build the paper at six in the morning of the first of every month (crontab -e).
0 6 1 * * cd {folder} && wqa build --lang both
"""


def make_city(
    folder: Path, code: str, name: str, table_file: Path, day: str, *, synthetic: bool = False
) -> list[Finding]:
    """Make the folder, or return what is wrong with the table of the plan and make nothing."""
    if folder.exists():
        raise DataError("the folder exists already", got=str(folder), fix="Name a new folder.")
    if not code.isascii() or not code.replace("-", "").isalnum() or code != code.upper():
        raise DataError("wrong code of a city", got=code, expected="capital letters, such as XG")
    table = read_plan_table(table_file)
    about = {"id": f"{code.lower()}-plan", "code": code, "issuer": f"{name}人民政府",
             "title": f"{name}质量发展规划"}  # fmt: skip
    plan, new = plan_record(table, table_file.name, about) if not table.findings else ({}, {})
    if table.findings:
        return sorted_findings(table.findings)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _write(part, plan, new, {"name": name, "day": day, "synthetic": synthetic})
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return []


def _write(folder: Path, plan: dict[str, Any], new: dict[str, Any], about: dict[str, Any]) -> None:
    catalog = folder / OWN_CATALOG
    files = {catalog / "plans" / f"{plan['id']}.yml": _yaml(plan)}
    if new["indicators"]:
        files[catalog / "indicators" / f"{plan['id']}.yml"] = _yaml(new)
    files[folder / "schedule.cron"] = SCHEDULE.format(folder="/path/to/this/folder")
    files[folder / "outputs" / "README.md"] = "# Editions built by `wqa build`\n"
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    regions = "\n".join(
        [REGION_HEAD, f"{plan['region']},{about['name']},{plan['region']},city", NATION, ""]
    )
    _deliver(folder, "regions", regions, plan, about)
    _deliver(folder, "plan_baselines", _baselines(plan), plan, about)
    shutil.copytree(notebooks_dir(), folder / "notebooks")
    for path in (folder / "notebooks").glob("*.ipynb"):
        _set_parameters(path, plan)


def _baselines(plan: dict[str, Any]) -> str:
    """Figures that the plan's own table states of the year before it."""
    source = plan["sources"][0]
    rows = [FIGURE_HEAD]
    for target in (t for t in plan["targets"] if t["baseline"]["status"] == "measured"):
        if target["kind"] != "plan_sum":
            base, id, unit = target["baseline"], target["indicator_id"], target["unit"]
            cells = (
                id,
                plan["region"],
                base["year"],
                f"{base['value']:.12g}",
                unit,
                SCOPE,
                "exact",
            )
            rows.append(",".join(map(str, (*cells, source["title"], source["publisher"]))))
    return "\n".join([*rows, ""])


def _deliver(
    folder: Path, name: str, table: str, plan: dict[str, Any], about: dict[str, Any]
) -> None:
    place = folder / "data" / "raw" / name
    place.mkdir(parents=True)
    file = f"{name}.csv"
    (place / file).write_text(table, encoding="utf-8")
    record = {
        "kind": "regions" if name == "regions" else "observations", "title": plan["title_zh"],
        "publisher": plan["issuer_zh"], "retrieved": about["day"], "evidence": "official",
        "synthetic": about["synthetic"],
        "licence": read_words("workbook")["delivery"]["licence"],
        "files": {file: hashlib.sha256(table.encode()).hexdigest()},
    }  # fmt: skip
    (place / "source.yml").write_text(_yaml(record), encoding="utf-8")


def _set_parameters(path: Path, plan: dict[str, Any]) -> None:
    """Let the notebooks open the city's own plan."""
    text = path.read_text(encoding="utf-8")
    values = {"wuhan-14fyp": plan["id"], "WH": plan["region"], "2025": str(plan["end_year"])}
    book = json.loads(text)
    for cell in book["cells"]:
        if "parameters" in cell["metadata"].get("tags", ()):
            for old, value in values.items():
                shown = (old, value) if old.isdigit() else (f'"{old}"', f'"{value}"')
                cell["source"] = [line.replace(*shown) for line in cell["source"]]
        cell.pop("outputs", None) if cell["cell_type"] != "code" else cell.update(outputs=[])
    path.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _yaml(value: Any, indent: int = 0) -> str:
    """Lay out plain data as YAML that people edit: a key a line, scalars as JSON writes them."""
    lines = []
    for key, one in value.items():
        if isinstance(one, dict) and any(isinstance(v, dict) for v in one.values()):
            lines.append(f"{' ' * indent}{key}:\n{_yaml(one, indent + 2)}")
        elif isinstance(one, list) and one and isinstance(one[0], dict):
            items = (_yaml(item, indent + 4) for item in one)
            listed = "".join(f"{' ' * (indent + 2)}- {text.lstrip()}" for text in items)
            lines.append(f"{' ' * indent}{key}:\n{listed}")
        else:
            lines.append(f"{' ' * indent}{key}: {json.dumps(one, ensure_ascii=False)}\n")
    return "".join(lines)
