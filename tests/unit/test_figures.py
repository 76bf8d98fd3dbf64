"""House style, text placement and rendering of figures."""

import warnings
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import matplotlib as mpl
import pytest
from figure_texts import texts_in
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from wqa.display.figures import (
    BLUE,
    FONT_FAMILY,
    GETA,
    LABEL_WIDTH,
    PAGE_WIDTH,
    MissingGlyphWarning,
    direct_labels,
    new_figure,
    printable,
    render,
    spread,
    styled,
    use_style,
    value_axis,
    wrapped,
    year_axis,
)
from wqa.errors import BuildError


@styled
def sample(text="食品抽检合格率（%）"):
    figure, axes = new_figure(2.0, text)
    year_axis(axes, 2014, 2025)
    axes.plot([2014, 2020], [-1.0, 2.0])
    value_axis(axes.yaxis)
    return figure


@pytest.mark.parametrize("fmt", ["svg_text", "svg_path", "png"])
def test_equal_figures_give_equal_bytes(fmt):
    assert render(sample(), fmt) == render(sample(), fmt)


def test_svg_text_keeps_letters_and_svg_path_does_not():
    text, path = render(sample(), "svg_text").decode(), render(sample(), "svg_path").decode()
    assert "食品抽检合格率" in text and "<text" in text
    assert "<text" not in path
    assert "WhitePaper Sans SC" in text


def test_svg_holds_no_date_and_no_program_name():
    for fmt in ("svg_text", "svg_path"):
        content = render(sample(), fmt).decode()
        ElementTree.fromstring(content)
        assert "dc:date" not in content and "Matplotlib v" not in content


def test_png_has_the_resolution_of_print():
    import struct

    data = render(sample(), "png")
    width, _ = struct.unpack(">II", data[16:24])
    assert width == int(PAGE_WIDTH * 200)
    assert b"Software" not in data


def test_minus_is_printed_with_the_bundled_font():
    assert "−1" in texts_in(sample())


@pytest.mark.parametrize("fmt", ["svg_text", "svg_path", "png"])
def test_missing_glyph_is_an_error(fmt):
    with mpl.rc_context():
        use_style()
        figure = mpl.figure.Figure()
        figure.text(0.1, 0.5, "\U0001f600")
    with pytest.raises(BuildError, match="lacks a character"):
        render(figure, fmt)


def test_name_with_an_unknown_character_prints_a_geta_mark_and_says_so():
    with pytest.warns(MissingGlyphWarning, match=r"U\+1F600"):
        assert printable("武汉\U0001f600市") == f"武汉{GETA}市"
    assert printable("武汉市\n抽检") == "武汉市 抽检"


def test_dollar_signs_are_not_mathematics():
    figure = sample("价格 $x_1$ 和 $y$")
    assert "<text" in render(figure, "svg_text").decode()
    assert any("$x_1$" in text for text in texts_in(figure))


def test_lines_fit_and_marks_do_not_start_a_line():
    text = "资料来源：国家市场监督管理总局；湖北省市场监督管理局；武汉市质量强市工作委员会办公室。"
    lines = wrapped(text, 20).split("\n")
    assert "".join(lines) == text
    assert all(len(line) <= 10 for line in lines)
    assert not any(line[0] in "，。；）" for line in lines)


def test_numbers_stay_with_their_unit_and_words_are_whole():
    lines = wrapped("合格率为97.82%（2018年）比2016年高", 12).split("\n")
    assert not any(line.startswith(("年", "%")) for line in lines)
    assert wrapped("Expected by the plan ≥93.2", 20) == "Expected by the plan\n≥93.2"


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=8).map(sorted),
    st.lists(st.floats(1, 9), min_size=8, max_size=8),
)
def test_spread_labels_never_overlap(places, heights):
    heights = heights[: len(places)]
    out = spread(places, heights, 0.0, 100.0)
    for (one, low), (two, high) in zip(
        zip(out, heights, strict=True), list(zip(out, heights, strict=True))[1:], strict=False
    ):
        assert two - one >= (low + high) / 2 - 1e-9
    assert out[0] - heights[0] / 2 >= -1e-9
    assert out[-1] + heights[-1] / 2 <= 100 + 1e-9


@styled
def labelled(names):
    figure, axes = new_figure(2.0, "")
    axes.plot([2014, 2020], [1.0, 2.0])
    value_axis(axes.yaxis)
    direct_labels(figure, axes, [(2020, 1.5, name, BLUE) for name in names])
    return figure


def test_labels_of_equal_points_stand_apart_in_the_picture():
    figure = labelled(["甲" * LABEL_WIDTH, "乙", "丙"])
    boxes = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))
    assert all(box.x1 <= figure.bbox.width for box in boxes)


@given(st.floats(-1000, 1000), st.floats(0.01, 1000))
def test_ticks_are_few_round_and_printed_in_full(low, span):
    axes = new_figure(2.0, "")[1]
    axes.plot([0, 1], [low, low + span])
    value_axis(axes.yaxis)
    bottom, top = axes.get_ylim()
    ticks, texts = axes.get_yticks(), [text.get_text() for text in axes.get_yticklabels()]
    assert 2 <= len(ticks) <= 7 and bottom <= min(ticks) and max(ticks) <= top
    for tick, text in zip(ticks, texts, strict=True):
        assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(tick, abs=1e-9)


@given(st.floats(0, 100), st.floats(0, 100))
def test_axis_of_a_share_stays_near_its_bounds(one, two):
    axes = new_figure(2.0, "")[1]
    axes.plot([0, 1], [one, two], "o")
    value_axis(axes.yaxis, (0, 100))
    low, high = axes.get_ylim()
    assert -3 <= low <= min(one, two) and max(one, two) <= high <= 103


def test_house_style_for_any_figure():
    with mpl.rc_context():
        use_style()
        figure = mpl.figure.Figure()
        axes = figure.add_subplot(title="合格率（%）")
        (line,) = axes.plot([1, 2], [3, 4])
        assert axes.title.get_fontfamily() == [FONT_FAMILY]
        assert line.get_color() == BLUE
        assert figure.get_size_inches()[0] == PAGE_WIDTH
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=r"Glyph \d+")
            figure.draw_without_rendering()
    assert mpl.rcParams["font.family"] != [FONT_FAMILY]
