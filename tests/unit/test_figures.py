"""House style, text placement and rendering of figures."""

import warnings
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest
from figure_texts import texts_in
from hypothesis import given
from hypothesis import strategies as st

from wqa.display.figures import (
    BLUE,
    FONT_FAMILY,
    GETA,
    PAGE_WIDTH,
    MissingGlyphWarning,
    add_axes,
    new_figure,
    nice_ticks,
    printable,
    render,
    source_line,
    spread,
    styled,
    text_width,
    use_style,
    value_axis,
    wrapped,
    year_axis,
)
from wqa.errors import BuildError


@styled
def sample(text="食品抽检合格率（%）"):
    figure = new_figure(2.0)
    axes = add_axes(figure, left=0.5, right=0.2, top=0.4, bottom=0.4)
    year_axis(axes, 2014, 2025)
    value_axis(figure, axes, -1.5, 2.5, text)
    axes.plot([2014, 2020], [-1.0, 2.0])
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
    assert width == round(6.3 * 200)
    assert b"Software" not in data


def test_minus_is_printed_with_the_bundled_font():
    assert "−1" in texts_in(sample())


@styled
def with_emoji():
    figure = new_figure(1.0)
    figure.text(0.1, 0.5, "\U0001f600")
    return figure


@pytest.mark.parametrize("fmt", ["svg_text", "png"])
def test_missing_glyph_is_an_error(fmt):
    with pytest.raises(BuildError, match="lacks a character"):
        render(with_emoji(), fmt)


def test_name_with_an_unknown_character_prints_a_geta_mark_and_says_so():
    with pytest.warns(MissingGlyphWarning, match=r"U\+1F600"):
        assert printable("武汉\U0001f600市") == f"武汉{GETA}市"
    assert printable("武汉市\n抽检") == "武汉市 抽检"


def test_dollar_signs_are_not_mathematics():
    figure = sample("价格 $x_1$ 和 $y$")
    assert "<text" in render(figure, "svg_text").decode()
    assert any("$x_1$" in text for text in texts_in(figure))


def test_lines_fit_and_marks_do_not_start_a_line():
    figure = new_figure(1.0)
    text = "资料来源：国家市场监督管理总局；湖北省市场监督管理局；武汉市质量强市工作委员会办公室。"
    lines = wrapped(figure, text, 2.0, 7.5)
    assert "".join(lines) == text
    assert all(text_width(figure, line, 7.5) <= 2.05 for line in lines)
    assert not any(line[0] in "，。；）" for line in lines)


def test_numbers_stay_with_their_unit():
    figure = new_figure(1.0)
    for line in wrapped(figure, "合格率为97.82%（2018年）比2016年高", 0.9):
        assert not line.startswith(("年", "%"))


def test_source_line_returns_its_height():
    figure = new_figure(2.0)
    short, long = (
        source_line(figure, "资料来源：甲。"),
        source_line(new_figure(2.0), "甲乙丙丁" * 60),
    )
    assert 0 < short < long


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


@given(st.floats(-1000, 1000), st.floats(0.01, 1000))
def test_ticks_are_few_round_and_inside(low, span):
    ticks = nice_ticks(low, low + span)
    assert len(ticks) <= 7
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)


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
