"""The chapters of a fictitious second city hold no name, figure or conflict of the first one."""

import json
import re
from pathlib import Path

import pytest
from made_deliveries import deliver

from wqa.display import figures, report

CATALOG = Path(__file__).with_name("fixtures") / "second_city"
REGIONS = "code,name_zh,name_en,level\nSLS,示例市,Shili,city\nCN,全国,China,country\n"
HEAD = "indicator,region,period,value,unit,numerator,denominator,scope,qualifier,vintage\n"
RATES = {2019: 96.8, 2020: 97.1, 2021: 97.2, 2022: 97.5, 2023: 97.6, 2024: 97.9, 2025: 98.1}
FIGURES = "".join(
    [
        HEAD,
        *(f"food_sampling_pass_rate,SLS,{year},{value},%,,{2 * year},all_city_sampling,exact,\n"
          for year, value in RATES.items()),
        "special_equipment_death_rate,SLS,2021,0.04,per_10k_units,,,reported,exact,\n",
        "special_equipment_death_rate,SLS,2022,0.12,per_10k_units,,,reported,exact,\n",
        "international_standards_new,SLS,2021,6,standards,,,reported,exact,\n",
    ]
)  # fmt: skip
FIRST = re.compile(
    "武汉|湖北|汉口|长江|楚天|Wuhan|Hubei|Changjiang|wuhan-|hubei-|doc-wuhan|doc-hubei"
)
NO_CHAPTERS = {"41_competitions", "50_explore"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("second_city")
    deliver(folder / "data/raw/regions", REGIONS.encode(), "regions.csv", kind="regions")
    deliver(
        folder / "data/raw/office", FIGURES.encode(), published="2026-02-01", retrieved="2026-03-01"
    )
    return folder


def told(project, root, lang, monkeypatch):
    """What the chapters of the second city show, by their names."""
    import IPython.display

    shown = {}
    monkeypatch.setenv("WQA_ROOT", str(project))
    monkeypatch.setenv("WQA_CATALOG", str(CATALOG))
    monkeypatch.setattr(figures, "render", lambda fig, fmt: b"picture")  # words only
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        if path.stem in NO_CHAPTERS:
            continue
        names, shown[path.stem] = {}, []
        monkeypatch.setattr(
            IPython.display, "display", lambda data, to=shown[path.stem], **_: to.append(data)
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            tags = set(cell["metadata"].get("tags", ()))
            source = "".join(cell["source"])
            if cell["cell_type"] != "code" or "notebook-only" in tags:
                continue
            exec(compile(source, path.name, "exec"), names)
            if "parameters" in tags:
                names |= {"plan": "shili", "region": "", "lang": lang}
    return shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_name_figure_or_conflict_of_the_first_city(project, root, lang, monkeypatch):
    blocks = told(project, root, lang, monkeypatch)
    shown = {chapter: "\n".join(data["text/plain"] for data in found)
             for chapter, found in blocks.items()}  # fmt: skip
    found = {(chapter, line) for chapter, text in shown.items()
             for line in text.splitlines() if FIRST.search(line)}  # fmt: skip
    assert not found
    for block in (data[report.MIME] for chapter in blocks.values() for data in chapter):
        assert not FIRST.search(json.dumps(block, ensure_ascii=False)), block["id"]
    assert "98.1" in shown["90_summary"]
    assert {"zh": "示例市", "en": "Shili"}[lang] in shown["15_food_and_drugs"]
