import json

import IPython.display
import pandas as pd
import pytest

from wqa.display import report
from wqa.display.facts import Fact
from wqa.display.figures import new_figure, styled
from wqa.display.report import Column, DisplayTable, Drawing
from wqa.errors import BuildError, CatalogError

RATE = Fact("f.rate", 98.3, "98.3", unit="pct", kind="observation", source_ids=("s-1",),
            locator="observations.csv:7")  # fmt: skip


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **options: found.append(data))
    return found


@styled
def chart():
    figure, axes = new_figure(1.5, "")
    axes.plot([0, 1], [0, 1])
    return figure


def figure_arguments(**changed):
    return {
        "id": "trend", "caption": "变化", "alt": "折线上升", "sources": ["s-1"],
        "data": pd.DataFrame({"year": [2020], "value": [98.3]}), **changed,
    }  # fmt: skip


def test_text_carries_strings_and_facts(shown):
    report.show(f"合格率{RATE}%")
    (bundle,) = shown
    assert bundle["text/plain"] == "合格率98.3%"
    assert 'title="s-1 | observations.csv:7"' in bundle["text/html"]
    assert bundle[report.MIME]["parts"] == ["合格率", RATE.to_json(), "%"]


def test_several_paragraphs_are_several_blocks(shown):
    report.show(["甲", "乙"])
    assert [bundle["text/plain"] for bundle in shown] == ["甲", "乙"]


def test_everything_shown_is_json(shown):
    report.show(Drawing(chart(), **figure_arguments(notes=["注"])))
    report.show(DisplayTable("t", "题", (Column("a", "甲"),), ({"a": RATE},)))
    report.show(report.Paragraphs(("甲", RATE), is_list=True))
    for bundle in shown:
        assert json.loads(json.dumps(bundle[report.MIME], allow_nan=False)) == bundle[report.MIME]


def test_figure_carries_three_pictures_and_its_data(shown):
    report.show(Drawing(chart(), **figure_arguments()))
    (bundle,) = shown
    block = bundle[report.MIME]
    assert f'src="data:image/png;base64,{block["png"]}"' in bundle["text/html"]
    assert block["svg_text"] != block["svg_path"]
    assert block["data"] == {"columns": ["year", "value"], "rows": [[2020, 98.3]]}


@pytest.mark.parametrize("missing", ["caption", "alt", "sources"])
def test_figure_needs_caption_alternative_text_and_sources(shown, missing):
    with pytest.raises(BuildError, match=f"figure trend: {missing} is missing"):
        report.show(Drawing(chart(), **figure_arguments(**{missing: ""})))
    assert shown == []


def test_figure_needs_data(shown):
    with pytest.raises(BuildError, match="data is missing"):
        report.show(Drawing(chart(), **figure_arguments(data=pd.DataFrame())))


def test_data_of_a_figure_has_no_nan(shown):
    frame = pd.DataFrame({"a": [1.0, float("nan")], "b": [pd.NA, pd.Timestamp("2020-01-01")]})
    report.show(Drawing(chart(), **figure_arguments(data=frame)))
    rows = shown[0][report.MIME]["data"]["rows"]
    assert rows == [[1.0, None], [None, "2020-01-01 00:00:00"]]


def test_table_without_a_printed_source_is_own_computation(shown):
    report.show(DisplayTable("t", "题", (Column("a", "甲"),), ({"a": "乙"},)))
    assert shown[0][report.MIME]["sources"] == ["computed"]
    assert shown[0]["text/plain"] == "题\n甲\n乙"


@pytest.mark.parametrize("id", ["Trend", "1a", "a b", "a--b", "图", "a/b", "-a", ""])
def test_id_must_be_an_anchor(shown, id):
    with pytest.raises(BuildError, match="an id is not an anchor"):
        report.show(Drawing(chart(), **figure_arguments(id=id)))


def test_empty_text_is_refused(shown):
    with pytest.raises(BuildError, match="a text block is empty"):
        report.show("  ")


def test_shown_html_is_escaped(shown):
    fact = Fact("f", None, "<b>&", source_ids=('"x',))
    report.show(f"<i>{fact}")
    assert shown[0]["text/html"] == '<p>&lt;i&gt;<span title="&quot;x">&lt;b&gt;&amp;</span></p>'


def table(**changed):
    columns = (Column("value", "甲", "%"), Column("b", "乙"))
    rows = ({"value": RATE, "b": "有"}, {"b": f"{RATE}%"})
    return DisplayTable("t", "题", columns, rows, **{"notes": ("注",), **changed})


def test_what_is_only_looked_at_does_not_enter_the_paper():
    things = (report.Paragraphs(("甲", RATE)), table(), Drawing(chart(), **figure_arguments()))
    for thing in things:
        bundle = thing._repr_mimebundle_(include=None, exclude=None)
        assert set(bundle) == {"text/html", "text/plain"}
    texts, shown_table, figure = (thing._repr_mimebundle_() for thing in things)
    assert texts["text/plain"] == "甲\n98.3"
    assert '<td style="text-align:left">' in shown_table["text/html"]
    assert "<caption>题" in shown_table["text/html"] and "注" in shown_table["text/html"]
    assert "<figcaption>变化" in figure["text/html"] and "s-1" in figure["text/html"]
    caption, *drawn = figure["text/plain"].splitlines()
    assert caption == "[变化] 折线上升" and drawn == ["year\tvalue", "2020\t98.3"]


def test_show_takes_things_and_lists_of_things(shown):
    report.show(report.Paragraphs(("甲", "乙")), [table(), [report.Paragraphs(())]])
    assert [bundle[report.MIME]["type"] for bundle in shown] == ["text", "text", "table"]


def test_one_paragraph_can_be_chosen(shown):
    report.show(report.Paragraphs(("甲", "乙"))[-1])
    assert [bundle["text/plain"] for bundle in shown] == ["乙"]
    assert not report.Paragraphs(())


def test_frame_of_a_table_holds_numbers_where_a_cell_is_one():
    frame = table().frame
    assert list(frame.columns) == ["甲 (%)", "乙"]
    assert frame["甲 (%)"].iloc[0] == 98.3 and pd.isna(frame["甲 (%)"].iloc[1])
    assert frame["乙"].tolist() == ["有", "98.3%"]


def test_figure_is_plain_matplotlib():
    figure = Drawing(chart(), **figure_arguments())
    assert figure.ax is figure.fig.axes[0]
    assert figure.frame["value"].tolist() == [98.3]


@pytest.mark.parametrize("text", ["95%", "第３项", f"{RATE}%，共10项"])
def test_number_without_origin_is_refused_where_it_is_shown(shown, text):
    with pytest.raises(CatalogError, match=r"text: .*a numeral stands in a text"):
        report.show(text)
    assert shown == []
