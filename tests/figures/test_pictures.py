"""The figures of the paper: what is drawn, in both languages, with nothing cut or overlapping."""

import numpy as np
import pandas as pd
import pytest
from figure_texts import texts_in

from wqa.data.loading import load_death_rates
from wqa.display.charts import plot_levels, plot_path, plot_reliability
from wqa.display.facts import parts_json, plain
from wqa.display.figures import FONT_FAMILY, render
from wqa.display.model_pictures import funnel_picture, grid_picture, progress_picture
from wqa.display.pictures import (
    death_rates_picture,
    level_picture,
    regions_picture,
)
from wqa.display.view import open_view
from wqa.display.wording import terms
from wqa.parameters import resolve

LEVELS = (
    "product_sampling_pass_rate",
    "food_sampling_pass_rate",
    "agri_product_pass_rate",
    "drug_sampling_pass_rate",
    "public_service_satisfaction",
    "consumer_satisfaction",
    "complaints",
)
CHANNELS = ("national_production", "national_circulation", "national_online")
MAKERS = {
    **{name: lambda view, name=name: level_picture(view, name) for name in LEVELS},
    "channels": lambda view: level_picture(
        view, "product_sampling_pass_rate", regions=["CN"], definitions=CHANNELS
    ),
    "regions": lambda view: regions_picture(view, "product_sampling_pass_rate"),
    "funnel": lambda view: funnel_picture(view, "food_sampling_pass_rate"),
    "grid": grid_picture,
    "death": lambda view: death_rates_picture(view, load_death_rates("CN")),
    "progress": progress_picture,
}


@pytest.fixture(scope="module")
def views():
    return {lang: open_view(resolve(lang=lang)) for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def pictures(views):
    made = {}

    def picture(name, lang):
        if (name, lang) not in made:
            made[name, lang] = MAKERS[name](views[lang])
        return made[name, lang]

    return picture


@pytest.fixture(params=["zh", "en"])
def lang(request):
    return request.param


def boxes(figure):
    """Printed texts with their boxes in inches."""
    from matplotlib.text import Text

    render(figure, "png")
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            box = Text.get_window_extent(text)
            found.append((text.get_text(), box.x0, box.y0, box.x1, box.y1, text))
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_cut_at_the_edge(pictures, name, lang):
    figure = pictures(name, lang).fig
    width, height = (side * figure.dpi for side in figure.get_size_inches())
    for text, x0, y0, x1, y1, _ in boxes(figure):
        inside = x0 >= -3 and y0 >= -3 and x1 <= width + 3 and y1 <= height + 3
        assert inside, (text, (x0, y0, x1, y1), (width, height))


@pytest.mark.parametrize("name", MAKERS)
def test_direct_labels_do_not_overlap(pictures, name, lang):
    figure = pictures(name, lang).fig
    right = max((axes.get_window_extent().x1 for axes in figure.axes), default=0)
    labels = [box for box in boxes(figure) if box[1] > right]
    for place, one in enumerate(labels):
        for two in labels[place + 1 :]:
            apart = one[2] >= two[4] - 1 or two[2] >= one[4] - 1
            assert apart, (one[0], two[0])


@pytest.mark.parametrize("name", MAKERS)
def test_figures_print_with_the_bundled_font(pictures, name, lang):
    picture = pictures(name, lang)
    figure = picture.fig
    assert {family for *_, text in boxes(figure) for family in text.get_fontfamily()} == {
        FONT_FAMILY
    }
    assert picture.sources and len(picture.data)


@pytest.mark.parametrize("name", ["funnel"])
def test_rebuilt_figures_are_equal_byte_for_byte(pictures, views, name, lang):
    again = MAKERS[name](views[lang]).fig
    assert render(again, "svg_path") == render(pictures(name, lang).fig, "svg_path")


@pytest.mark.parametrize("name", MAKERS)
def test_alternative_text_tells_what_is_drawn(pictures, name, lang):
    picture = pictures(name, lang)
    alt = plain(picture.alt)
    assert len(alt) > 20
    chinese = any("一" <= char <= "鿿" for char in alt)
    assert chinese == (lang == "zh"), alt
    assert parts_json(picture.alt, name)


def frame(points, **given):
    rows = [
        {"region": "CN", "role": "nation", "series": "全国", "year": year, "value": value}
        | {"qualifier": "exact", "label": "全国"}
        | given
        for year, value in points
    ]
    return pd.DataFrame(rows)


def lines(figure):
    return [
        (list(line.get_xdata()), list(line.get_ydata()))
        for line in figure.axes[0].lines
        if len(line.get_xdata()) and line.get_linestyle() not in ("None", "", " ", ":")
    ]


def test_missing_year_is_a_gap_and_nothing_is_interpolated():
    data = frame([(2014, 97.0), (2015, 97.2), (2017, 97.6), (2018, 97.7)])
    figure = plot_levels(data, title="合格率（%）")
    drawn = sorted(x for x, _ in lines(figure))
    assert drawn == [[2014, 2015], [2017, 2018]]


def test_a_break_of_definition_is_never_bridged():
    old = frame([(2018, 97.0), (2019, 97.2)], series="旧")
    new = frame([(2020, 90.0), (2021, 90.5)], series="新")
    figure = plot_levels(pd.concat([old, new]), title="合格率")
    assert sorted(x for x, _ in lines(figure)) == [[2018, 2019], [2020, 2021]]


def test_part_of_a_year_and_targets_are_not_drawn():
    data = pd.concat(
        [
            frame([(2018, 97.0)]),
            frame([(2019, 50.0)], qualifier="partial_period"),
            frame([(2020, 99.9)], qualifier="target"),
        ]
    )
    figure = plot_levels(data, title="合格率")
    values = [y for line in figure.axes[0].lines for y in line.get_ydata()]
    assert 50.0 not in values and 99.9 not in values


def test_target_line_stands_at_the_target():
    target = {"value": 98.5, "first": 2021, "last": 2025, "label": "目标"}
    data = frame([(2018, 97.0), (2019, 97.1)])
    figure = plot_levels(data, title="合格率", target=target)
    dashed = [y for x, y in lines(figure) if x[0] == 2021]
    assert dashed == [[98.5, 98.5]]
    assert "目标" in texts_in(figure)


def test_fan_starts_at_the_last_value_and_holds_its_intervals():
    history = pd.DataFrame({"year": [2022, 2023], "value": [97.0, 97.4]})
    fan = pd.DataFrame(
        {
            "year": [2024, 2025],
            "median": [97.5, 97.6],
            "lo_80": [97.0, 96.8],
            "hi_80": [98.0, 98.4],
            "lo_95": [96.5, 96.0],
            "hi_95": [98.5, 99.0],
        }
    )
    words = terms(["observed", "median", "inner", "outer"], "zh")
    target = {"value": 98.5, "last": 2025, "label": "目标"}
    figure = plot_path(history, fan, role="focus", title="合格率", target=target, words=words)
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    assert low < 96.0 and high > 99.0
    outer = axes.collections[0].get_paths()[0].vertices
    assert outer[:, 0].min() == 2023 and outer[:, 1].max() == 99.0


def test_reliability_points_stand_where_the_data_say():
    data = pd.DataFrame(
        {"stated": [0.2, 0.8], "observed": [0.1, 0.9], "lower": [0.0, 0.7], "upper": [0.3, 1.0]}
        | {"n": [10, 12]}
    )
    words = terms(["stated", "perfect", "n", "came_true"], "zh")
    figure = plot_reliability(data, words=words)
    points = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
    ]
    assert np.allclose(points, [(20, 10), (80, 90)])


def test_nothing_is_drawn_of_nothing(views):
    assert level_picture(views["zh"], "food_sampling_pass_rate", regions=["XY"]) is None


def test_the_nation_looks_the_same_in_the_paper_of_a_province():
    view = open_view(resolve("hubei-outline-2025", "HB"))
    assert [view.role(region) for region in ("HB", "CN", "WH")] == ["focus", "nation", "peer"]
    labels = funnel_picture(view, "food_sampling_pass_rate").frame["region"]
    assert "CN" not in set(labels)
