"""Every mistake of ``mistakes.csv`` is found in its cell, or is read rightly and said so."""

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import forms
import pytest
from openpyxl import Workbook, load_workbook

from wqa.office.ingesting import check_form

TABLE = (Path(__file__).parent / "mistakes.csv").read_text(encoding="utf-8")
MISTAKES = list(csv.DictReader(io.StringIO(TABLE)))


@pytest.fixture(scope="module")
def small(root, tmp_path_factory):
    """Project with the regions and the city's own published figures: a form is checked faster."""
    return forms.small_project(root, tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def template(small):
    return forms.made_template(small)


@pytest.fixture(scope="module")
def full(template):
    buffer = io.BytesIO()
    forms.fill(template).save(buffer)
    return buffer.getvalue()


class Desk:
    """A filled-in form on a clerk's desk; a mistake changes it and names the cell."""

    def __init__(self, content: bytes, folder: Path) -> None:
        self.book, self.path = load_workbook(io.BytesIO(content)), folder / "form.xlsx"

    def row(self, target: str, year: int = 2025, scope: str = ""):
        """Sheet and row of a figure."""
        for sheet in forms.figure_sheets(self.book):
            places = forms.heads(sheet)
            for row in range(2, sheet.max_row + 1):
                said = [str(sheet.cell(row, places[h]).value) for h in ("目标", "年份", "口径")]
                if said[:2] == [target, str(year)] and scope in ("", said[2]):
                    return sheet, row
        raise AssertionError(target)

    def cell(self, head: str, target: str = "7", year: int = 2025):
        sheet, row = self.row(target, year)
        return sheet.cell(row, forms.heads(sheet)[head])

    def put(self, value, head="数值", target="7", year=2025):
        cell = self.cell(head, target, year)
        cell.value = value
        return cell

    def clear(self, *heads, target="7", year=2025):
        for head in heads:
            self.put(None, head, target, year)

    def guide(self, label: str):
        return next(row[1] for row in self.book["填报说明"].iter_rows() if row[0].value == label)

    def source(self, row: int, *texts):
        for column, text in enumerate(texts, start=1):
            self.book["来源文件"].cell(row, column).value = text
        return self.book["来源文件"]

    def save(self) -> Path:
        self.book.save(self.path)
        return self.path

    def edit_part(self, name: str, change) -> None:
        """Change one part of the saved archive."""
        self.save()
        with zipfile.ZipFile(self.path) as old:
            parts = {n: old.read(n) for n in old.namelist()}
        parts = change(parts) if name == "*" else parts | {name: change(parts[name])}
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as new:
            for n, part in parts.items():
                new.writestr(n, part)


def write(desk, content):
    desk.path.write_bytes(content)


def lock(desk):
    desk.path = desk.path.with_name("~$form.xlsx")
    desk.path.write_bytes(b"lock")


def beside(desk):
    desk.save().with_name("~$form.xlsx").write_bytes(b"lock")


def ods(desk):
    with zipfile.ZipFile(desk.path, "w") as archive:
        archive.writestr("content.xml", "<office/>")


def bomb(desk):
    desk.edit_part("*", lambda parts: parts | {"xl/media/a.bin": b"0" * (21 * 2**20)})


def crowd(desk):
    sheet = desk.book.create_sheet("more")
    for _ in range(1100):
        sheet.append(range(100))
    desk.save()


def entity(part):
    head, rest = part.split(b"?>", 1) if part.startswith(b"<?xml") else (b"", part)
    return (head + b"?>" if head else b"") + b'<!DOCTYPE a [<!ENTITY b "c">]>' + rest


def no_form(desk):
    book = Workbook()
    book.active["A1"] = "x"
    book.save(desk.path)


def merge(desk):
    sheet, row = desk.row("7", 2024)
    column = forms.heads(sheet)["数值"]
    desk.put(None)
    sheet.merge_cells(start_row=row, end_row=row + 1, start_column=column, end_column=column)
    return sheet.cell(row, column)


def hide_row(desk):
    sheet, row = desk.row("7")
    sheet.row_dimensions[row].hidden = True
    return desk.cell("数值")


def hide_column(desk):
    cell = desk.cell("数值")
    cell.parent.column_dimensions[cell.column_letter].hidden = True
    return cell


def hide_sheet(desk):
    cell = desk.cell("数值")
    cell.parent.sheet_state = "hidden"
    return cell


def stored(value):
    """Formula with or without the value that Excel stores beside it."""

    def change(desk):
        cell = desk.put("=49.25*2")
        coordinate, sheet = cell.coordinate.encode(), desk.book.sheetnames.index(cell.parent.title)
        was = b"<f>49.25*2</f><v></v>" if value else b""

        def edit(part):
            assert not value or was in part or b"<f>49.25*2</f><v/>" in part
            for one in (was, b"<f>49.25*2</f><v/>"):
                part = part.replace(one, b"<f>49.25*2</f><v>98.5</v>") if value else part
            return part

        desk.edit_part(f"xl/worksheets/sheet{sheet + 1}.xml", edit)
        assert coordinate
        return cell

    return change


def cumulate(desk):
    total = 0
    for year in forms.YEARS:
        total += desk.cell("数值", "14c", year).value
        desk.put(total, "数值", "14c", year)
    return desk.cell("数值", "14c", 2023)


def twice(desk):
    """Append the same figure once more at the end of its sheet."""
    sheet, row = desk.row("7")
    for column in range(1, sheet.max_column + 1):
        sheet.cell(sheet.max_row + (column == 1), column).value = sheet.cell(row, column).value
    return sheet.cell(sheet.max_row, forms.heads(sheet)["数值"])


def known(desk):
    sheet, row = desk.row("14a", 2025)
    cell = sheet.cell(row, forms.heads(sheet)["2022年已知"])
    cell.value = 13
    return cell


def head_missing(desk):
    cell = desk.cell("数值")
    cell.parent.cell(1, cell.column).value = None


def head_twice(desk):
    sheet = desk.cell("数值").parent
    sheet.cell(1, forms.heads(sheet)["备注"]).value = "数值"


def no_head(desk):
    sheet, row = desk.row("7")
    sheet.cell(row, sheet.max_column + 2).value = 98.5


def moved(desk):
    for sheet in forms.figure_sheets(desk.book):
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(reversed(row), start=1):
                sheet.cell(number, column).value = value


def turned(desk):
    for sheet in forms.figure_sheets(desk.book):
        rows = [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]
        for number, row in enumerate(reversed(rows), start=2):
            for column, value in enumerate(row, start=1):
                sheet.cell(number, column).value = value


def named(**cells):
    def change(desk):
        for head, text in cells.items():
            desk.put(text, head)

    return change


def share(desk):
    desk.clear("分子", "分母")
    return desk.put(0.985)


def percent(desk):
    cell = desk.put(0.985)
    cell.number_format = "0.0%"
    return cell


def alone(value, target="7", also=("分子", "分母")):
    def change(desk):
        for head in also:
            desk.put(None, head, target)
        return desk.put(value, "数值", target)

    return change


def source_of(**texts):
    def change(desk):
        filled = dict(zip(("title", "publisher", "date"), forms.SOURCE, strict=True)) | texts
        sheet = desk.source(2, *filled.values())
        return sheet.cell(2, [*filled].index(next(iter(texts))) + 1)

    return change


def two_sources(*more):
    def change(desk):
        sheet = desk.source(3, *more)
        return sheet.cell(3, 1)

    return change


def early(desk):
    desk.source(3, "年中快报", "示例填报单位", "2025-07-10")
    for sheet in forms.figure_sheets(desk.book):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, forms.heads(sheet)["来源"]).value = forms.SOURCE[0]
    desk.put("年中快报", "来源")
    return desk.cell("数值")


def none_chosen(desk):
    desk.source(3, "另一份文件", "示例填报单位", "2026-03-01")
    return desk.cell("来源", "5", 2021)


def no_source(desk):
    desk.source(2, None, None, None)
    return desk.cell("来源", "5", 2021)


def form(label, value):
    def change(desk):
        cell = desk.guide(label)
        cell.value = value
        return cell

    return change


CHANGES = {
    "renamed_pdf": lambda d: write(d, b"%PDF-1.7\n" + b"x" * 2000),
    "renamed_csv": lambda d: write(d, "指标,数值\n".encode()),
    "old_xls": lambda d: write(d, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 4000),
    "opendocument": ods,
    "empty_file": lambda d: write(d, b""),
    "truncated": lambda d: write(d, d.save().read_bytes()[:9000]),
    "password": lambda d: write(
        d, b"\xd0\xcf\x11\xe0" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le")
    ),
    "macros": lambda d: d.edit_part("*", lambda p: p | {"xl/vbaProject.bin": b"x"}),
    "external_link": lambda d: d.edit_part(
        "*", lambda p: p | {"xl/externalLinks/externalLink1.xml": b"<a/>"}
    ),
    "xml_bomb": lambda d: d.edit_part("xl/workbook.xml", entity),
    "utf16_part": lambda d: d.edit_part("xl/workbook.xml", lambda p: p.decode().encode("utf-16")),
    "zip_bomb": bomb,
    "too_many_cells": crowd,
    "lock_file": lock,
    "open_in_excel": beside,
    "no_form": no_form,
    "other_plan": form("规划代码", "hubei-outline-2025"),
    "other_year": form("填报年度", 2024),
    "unknown_plan": form("规划代码", "nowhere"),
    "no_day": form("填报日期", None),
    "day_as_words": form("填报日期", "上周五"),
    "no_unit": form("填报单位", None),
    "source_without_title": source_of(title=None),
    "source_without_publisher": source_of(publisher=None),
    "source_without_date": source_of(date=None),
    "source_day_wrong": source_of(date="2026-02-30"),
    "source_after_form": source_of(date="2027-02-01"),
    "source_twice": two_sources(*forms.SOURCE),
    "no_source": no_source,
    "source_unknown": lambda d: d.put("某份文件", "来源"),
    "source_of_two": none_chosen,
    "formula_unstored": stored(None),
    "formula_text": lambda d: _text(d.put("=49.25*2")),
    "excel_error": lambda d: d.put("#N/A"),
    "merged": merge,
    "hidden_row": hide_row,
    "hidden_column": hide_column,
    "hidden_sheet": hide_sheet,
    "words": lambda d: d.put("约九成"),
    "letter_o": lambda d: d.put("98.O"),
    "bound_sign": lambda d: d.put("≥98"),
    "bound_words": lambda d: d.put("98以上"),
    "not_available": lambda d: d.put("未统计"),
    "zero_rate": alone(0),
    "zero_score": alone(0, "10", ("分母",)),
    "above_hundred": alone(982),
    "negative": alone(-3, "1b", ()),
    "share": share,
    "fail_rate": alone(1.5),
    "ten_thousands": alone(61000, "18", ()),
    "tens_of_thousands_of_brands": alone(100000, "1a", ()),
    "broken_count": alone(10.5, "1a", ()),
    "cumulative": cumulate,
    "value_cell_date": lambda d: d.put(datetime(2026, 2, 28)),
    "value_cell_true": lambda d: d.put(True),
    "passed_above_tested": lambda d: d.put(10_001, "分子"),
    "no_batches": lambda d: d.put(0, "分子") and d.put(0, "分母"),
    "batches_disagree": alone(97.2, also=()),
    "batches_as_words": lambda d: d.put("一万", "分母"),
    "broken_batches": lambda d: d.put(10_000.5, "分母"),
    "stock_in_units": lambda d: d.put(5_000_000, "分母", "6") and d.cell("数值", "6"),
    "parts_without_value": lambda d: d.put(None),
    "year_not_of_plan": lambda d: d.put(2031, "年份"),
    "year_as_words": lambda d: d.put("今年", "年份"),
    "year_blank": lambda d: d.put(None, "年份"),
    "indicator_unknown": lambda d: d.put("某指标", "指标"),
    "region_unknown": lambda d: d.put("某市", "地区"),
    "scope_unknown": lambda d: d.put("某口径", "口径"),
    "unit_unknown": lambda d: d.put("斤", "单位"),
    "unit_other": lambda d: d.put("台", "单位"),
    "bound_unknown": lambda d: d.put("大约", "限定"),
    "figure_twice": twice,
    "known_changed": known,
    "head_missing": head_missing,
    "head_twice": head_twice,
    "value_under_no_head": no_head,
    "stock_falls": alone(7, "1a", ()),
    "source_before_end": early,
    "rate_tenfold": alone(0.96, "6", ()),
    "sheet_added": lambda d: d.book.create_sheet("备忘").append(["电话"]),
    "year_full_width": lambda d: d.put("２０２５年", "年份"),
    "unit_full_width": named(单位=" ％ ", 来源=f" {forms.SOURCE[0]} "),
    "full_width": lambda d: d.put("９８．５"),
    "blanks": lambda d: d.put(" 98.5 "),
    "text_number": lambda d: d.put("98.5"),
    "percent_format": percent,
    "unit_in_value": lambda d: d.put("98.5%"),
    "thousands": lambda d: d.put("10,000", "分母"),
    "formula_stored": stored(98.5),
    "columns_moved": moved,
    "names_as_codes": named(
        指标="food_evaluation_pass_rate", 口径="city_evaluation", 地区="WH", 单位="pct"
    ),
    "english_names": named(地区="Wuhan", 单位="%"),
    "date_as_text": source_of(date="2026年2月28日"),
    "date_as_date": source_of(date=date(2026, 2, 28)),
    "rows_moved": turned,
}


def _text(cell):
    cell.data_type = "s"
    return cell


def test_the_table_and_the_changes_name_the_same_mistakes():
    assert {one["id"] for one in MISTAKES} == {*CHANGES, "untouched"}
    assert len(MISTAKES) >= 60


# Half a minute in all, so a user runs one in five; all of them stand in the table.
PARAMETERS = [
    pytest.param(one, id=one["id"], marks=[pytest.mark.slow] if n % 5 else [])
    for n, one in enumerate(MISTAKES)
]


@pytest.mark.parametrize("mistake", PARAMETERS)
def test_mistake(mistake, template, full, small, tmp_path):
    name, code = mistake["id"], mistake["code"]
    desk = Desk(template if name == "untouched" else full, tmp_path)
    place = CHANGES[name](desk) if name != "untouched" else None
    if not desk.path.exists():
        desk.save()
    year = 2025 if name == "other_year" else None
    plan = "wuhan-14fyp" if name == "other_plan" else ""
    checked = check_form(desk.path, root=small, plan=plan, year=year)
    faults = {(f.code, f.column) for f in checked.faults}
    told = {(f.code, f.column) for f in checked.told}
    where = f"{place.parent.title}!{place.coordinate}" if hasattr(place, "coordinate") else ""
    if mistake["answer"] == "refused":
        assert code in {c for c, _ in faults}, (faults, told)
        assert not where or where in {p for c, p in faults if c == code}, faults
        assert {p for _, p in faults} <= {where, *(p for c, p in faults if c == code)}, faults
    else:
        assert not faults
        assert mistake["answer"] == "silent" or not where or (code, where) in told, told
        assert (len(checked.files) == 0) == (name == "untouched")
    for finding in (*checked.faults, *checked.told):
        assert finding.message_zh and "None" not in finding.message_zh, finding
