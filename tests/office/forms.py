"""Forms filled in by a script, as a clerk of an office that delivers everything would."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import pandas as pd
from openpyxl import load_workbook

from wqa.catalog.catalog import load_plan
from wqa.office.template import make_template

PUBLISHED = "data/raw/published_figures/observations.csv"
YEARS = range(2021, 2026)
DELIVERED = pd.read_csv(
    Path(__file__).parents[1] / "catalog" / "delivered.csv", dtype={"row": str}
).set_index("row")
# Scores of the fields of row 9 in 2025, by their printed name; a tenth less every year before.
FIELDS = {"就业领域": 82.1, "社会保障": 83.0, "养老服务": 80.0, "公共体育": 81.2, "公共交通": 84.4,
          "医疗领域": 80.6}  # fmt: skip
TOTAL = {"武汉市": 82.6, "全国": 82.55}
SOURCE = ["质量工作统计报表", "示例填报单位", "2026-02-28"]
OFFICE, DAY = "示例填报单位", "2026-11-30"


def small_project(root: Path, folder: Path) -> Path:
    """Project with the table of regions and what is published of the city alone."""
    raw = folder / "data" / "raw"
    shutil.copytree(root / "data" / "raw" / "regions", raw / "regions")
    rows = pd.read_csv(root / PUBLISHED, dtype=str, keep_default_na=False)
    rows = rows[(rows["region"] == "WH") & rows["source_date"].str.len().ge(4)]
    return deliver(folder, "known", rows.to_csv(index=False).encode())


def deliver(folder: Path, name: str, table: bytes) -> Path:
    """Add a delivery to a project."""
    place = folder / "data" / "raw" / name
    place.mkdir()
    (place / "figures.csv").write_bytes(table)
    record = {"kind": "observations", "title": "t", "publisher": "p", "retrieved": "2026-11-22",
              "evidence": "secondary", "licence": "l",
              "files": {"figures.csv": hashlib.sha256(table).hexdigest()}}  # fmt: skip
    (place / "source.yml").write_text(json.dumps(record), encoding="utf-8")
    return folder


def made_template(root: Path | None = None, year: int = 2025) -> bytes:
    return make_template(load_plan("wuhan-14fyp"), year, "WH", root=root)


def heads(sheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1] if cell.value}


def figure_sheets(book):
    return [sheet for sheet in book.worksheets if {"指标", "数值"} <= {*heads(sheet)}]


def value_of(said) -> float | None:
    """Figure of a row, whose cells are given by their head."""
    if str(said["目标"]) != "9":
        column = str(said["年份"])
        return float(DELIVERED.loc[str(said["目标"]), column])
    if said["口径"] in FIELDS:
        return round(FIELDS[said["口径"]] - 0.1 * (2025 - said["年份"]), 1)
    return TOTAL[said["地区"]]


def parts_of(said, value: float) -> dict[str, float]:
    """Numerator and denominator that give the rate exactly; 1,000 answers of a survey."""
    if said["单位"] == "%":
        return {"分子": round(value * 100), "分母": 10_000}
    if said["单位"] == "人/万台":
        return {"分子": round(value * 500), "分母": 500.0}
    return {"分母": 1000} if said["单位"] == "分" else {}


def fill(template: bytes):
    """Fill in everything that is asked for."""
    book = load_workbook(io.BytesIO(template))
    guide = book["填报说明"]
    answers = {"填报单位": OFFICE, "填报日期": DAY}
    for row in guide.iter_rows(max_col=2):
        if row[0].value in answers:
            row[1].value = answers[row[0].value]
    for column, text in enumerate(SOURCE, start=1):
        book["来源文件"].cell(2, column).value = text
    for sheet in figure_sheets(book):
        places = heads(sheet)
        for row in range(2, sheet.max_row + 1):
            said = {head: sheet.cell(row, column).value for head, column in places.items()}
            value = value_of(said)
            for head, number in {"数值": value, **parts_of(said, value)}.items():
                sheet.cell(row, places[head]).value = number
    return book


def saved(book, path: Path) -> Path:
    book.save(path)
    return path
