"""The rebuilt data package: valid for other programs, the same bytes each time, safe to open."""

import csv
import json
import warnings
from pathlib import Path

import pandas as pd
import pytest

from wqa.data.loading import build_data_package, load_observations
from wqa.data.series import all_series


@pytest.fixture(scope="module")
def package(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_data_package(tmp_path_factory.mktemp("package"), root=root)


def read(package: Path, name: str) -> list[dict[str, str]]:
    with (package.parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_public_library_finds_no_fault(package: Path) -> None:
    with warnings.catch_warnings():
        # The library's own dependencies warn on import; that is not the package's fault.
        warnings.simplefilter("ignore")
        from frictionless import Package, validate

        report = validate(str(package))
        opened = Package(str(package))
    assert report.flatten(["type", "note"]) == []
    assert report.valid
    assert {r.name for r in opened.resources} == {
        "observations", "series", "indicators", "regions", "sources", "findings", "targets"
    }  # fmt: skip


def test_a_spoilt_file_is_noticed_by_the_public_library(package: Path, tmp_path: Path) -> None:
    for file in package.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    table = tmp_path / "series.csv"
    table.write_bytes(table.read_bytes().replace(b",true\n", b",maybe\n", 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import validate

        assert not validate(str(tmp_path / "datapackage.json")).valid


def test_two_builds_differ_in_nothing_and_other_files_stay(
    package: Path, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("note", encoding="utf-8")
    build_data_package(tmp_path, root=root)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    expected = {path.name: path.read_bytes() for path in package.parent.iterdir()}
    assert built == expected | {"README.md": b"note"}


def test_no_cell_can_run_as_a_formula(package: Path) -> None:
    numbers = {"value", "numerator", "denominator", "lower", "upper", "baseline"}
    seen = 0
    for name in ("observations", "series", "sources", "findings", "targets", "indicators"):
        for row in read(package, name):
            for column, cell in row.items():
                if column not in numbers:
                    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, column)
                    seen += cell.startswith("'")
    assert seen > 10  # notes such as "+19.2%" are there, made harmless


def test_tables_come_back_as_they_are(package: Path, root: Path) -> None:
    frame = load_observations(root=root)
    for name, table in (("observations", frame), ("series", all_series(frame))):
        back = pd.DataFrame(read(package, name))
        assert list(back.columns) == list(table.columns)
        for column, cells in table.items():
            found = back[column].str.removeprefix("'")
            if pd.api.types.is_bool_dtype(cells):
                found = found == "true"
            elif pd.api.types.is_numeric_dtype(cells):
                found = pd.to_numeric(found)
            found, cells = (one.astype(object).where(one.notna(), "") for one in (found, cells))
            assert found.tolist() == cells.tolist(), column


def test_the_descriptor_names_types_units_sources_and_licence(package: Path) -> None:
    descriptor = json.loads(package.read_text(encoding="utf-8"))
    assert descriptor["licenses"][0]["title"]
    assert descriptor["units"]["per_10k_units"]["zh"] == "人/万台"
    assert len(descriptor["sources"]) >= 8
    for resource in descriptor["resources"]:
        assert resource["hash"].startswith("sha256:")
        assert all(field["type"] for field in resource["schema"]["fields"])
