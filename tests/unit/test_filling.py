"""Which figures and tables are set apart, on pages laid out by hand."""

import pytest

from wqa.publication.filling import SMALL, SMALLER, SPLIT, Spot, fill

FOOT = 700.0


def laid_out(*spots):
    return [Spot(*spot) for spot in [("", "chapter", 1, 80.0), *spots]]


def after_text(page, y, id="fig-a", height=200.0, ends=600.0):
    """Text, a figure that starts at a place, and text that goes on behind it."""
    return laid_out(
        ("", "text", 1, ends), (id, "start", page, y), (id, "end", page, y + height),
        ("", "text", page, y + height + 50),
    )  # fmt: skip


def test_a_page_that_is_not_torn_is_left_alone():
    seen = []

    def look(choices):
        seen.append(choices)
        return after_text(1, 300.0, ends=290.0)

    assert fill({"fig-a": [{}, SMALL]}, look, FOOT) == {}
    assert seen == [{}]


def test_the_first_way_that_helps_is_taken():
    def look(choices):
        way = choices.get("fig-a", {})
        if way == SMALLER:
            return after_text(1, 420.0, ends=400.0)
        return after_text(2, 80.0, ends=400.0)

    ways = {"fig-a": [{}, SMALL, SMALLER]}
    assert fill(ways, look, FOOT) == {"fig-a": SMALLER}


def test_what_nothing_helps_stands_as_usual():
    assert fill({"fig-a": [{}, SMALL]}, lambda _: after_text(2, 80.0, ends=400.0), FOOT) == {}


@pytest.mark.parametrize(
    ("tail", "last", "end"),
    [((1, 600.0), (1, 690.0), (2, 100.0)), ((1, 690.0), (2, 100.0), (2, 120.0))],
    ids=["notes alone", "hardly a row"],
)
def test_rows_are_set_tighter_for_a_better_last_page(tail, last, end):
    def look(choices):
        places = {"tail": tail, "last": last, "end": end}
        if "tbl-a" in choices:
            places = {"tail": (1, 500.0), "last": (1, 600.0), "end": (1, 650.0)}
        return laid_out(
            ("", "text", 1, 100.0), ("tbl-a", "start", 1, 120.0),
            *(("tbl-a", at, *place) for at, place in places.items()),
        )  # fmt: skip

    tight = {"inset": 1.2}
    assert fill({"tbl-a": [{}, tight]}, look, FOOT) == {"tbl-a": tight}


def test_chapters_are_filled_side_by_side():
    def look(choices):
        spots = []
        for page, id in ((1, "tbl-a"), (5, "tbl-b")):
            at = (page, 450.0) if id in choices else (page + 1, 80.0)
            spots += [Spot("", "chapter", page, 80.0), Spot("", "text", page, 400.0),
                      Spot(id, "start", *at), Spot(id, "last", at[0], 200.0),
                      Spot(id, "end", at[0], 220.0)]  # fmt: skip
        passes.append(choices)
        return spots

    passes = []
    ways = {"tbl-a": [{}, SPLIT], "tbl-b": [{}, SPLIT]}
    assert set(fill(ways, look, FOOT)) == {"tbl-a", "tbl-b"}
    assert len(passes) == 2


def test_a_last_page_of_a_few_lines_is_drawn_in():
    def look(choices):
        rest = (1, 680.0) if "tbl-a" in choices else (2, 120.0)
        return laid_out(
            ("tbl-a", "start", 1, 100.0), ("tbl-a", "last", 1, 600.0), ("tbl-a", "end", 1, 640.0),
            ("", "text", *rest),
        )  # fmt: skip

    tight = {"inset": 1.2}
    assert fill({"tbl-a": [{}, tight]}, look, FOOT) == {"tbl-a": tight}
