"""A chart per chapter of the city's own series: every target with its values, path and forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pandas as pd

from wqa.catalog.records import Target
from wqa.display import figures as house
from wqa.display.charts import ASKED, draw_fan, draw_line
from wqa.display.facts import Fact, plain
from wqa.display.judgements import target_name, target_text
from wqa.display.model_pictures import series_forecast
from wqa.display.pictures import sources_in, target_line
from wqa.display.report import Drawing, drawing
from wqa.display.view import ANNUAL, View, rows_of
from wqa.display.wording import say, unit_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3
HEIGHT = 1.75  # of a row of panels, in inches
FEWEST = 3  # yearly values of the plan period that make a series
YEARS = 4  # labels of a panel's axis
TITLE = 26  # half-width letters in a line of a panel's title


def panels_picture(view: View, *named: str) -> Drawing | None:
    """Draw the city's series for the targets of indicators or groups of them, where it has any."""
    panels, facts = list[dict[str, Any]](), list[Fact]()
    for target in view.parameters.plan.targets:
        if not {target.indicator_id, view.indicator(target.indicator_id).group} & {*named}:
            continue
        rows = _own_series(view, target)
        inside = [row for row in rows if row["year"] >= int(target.start_year or 0)]
        if len(inside) < FEWEST or target.value is None:
            continue
        rows = inside if target.scope == "plan_sum" else rows
        known = pd.DataFrame(rows)
        if target.scope == "plan_sum":
            known["value"] = known["value"].cumsum()
        made = None
        if target.scope not in ("plan_sum", "end_stock"):
            made = series_forecast(view, target.indicator_id, view.region, rows[-1]["scope"])
        line = target_line(target, view.lang)
        name, goal = target_name(target, view.lang), target_text(target, view.lang)
        title = house.wrapped(plain(name), TITLE) + "\n" + plain(goal)
        about = {"title": title, "line": line, "fan": None if made is None else made.frame}
        panels.append(about | {"known": known, "target": target})
        facts.append(Fact.observed(rows[-1]))
    if not panels:
        return None
    data = pd.concat([p["known"].assign(target=p["target"].row + p["target"].part) for p in panels])
    items = [
        say("alt.panel", view.lang, target=target_name(p["target"], view.lang), value=fact,
            year=Fact.of_year(p["known"]["year"].iloc[-1], fact), goal=Fact.asked(p["target"]))
        for p, fact in zip(panels, facts, strict=True)
    ]  # fmt: skip
    data = data[["target", "year", "value", "unit", "source_id"]]
    slots: dict[str, Any] = {"region": view.names[view.region], "items": "".join(items)}
    slots |= {"id": f"panels-{named[0]}", "sources": sources_in(data)}
    return drawing(view.lang, "panels", _plot(view, panels), data, **slots)


def _own_series(view: View, target: Target) -> list[dict[str, Any]]:
    """Yearly figures of the city in the definition of a target, the newest definition alone."""
    rows = rows_of(view.shown, target.indicator_id, view.region, qualifiers=ANNUAL)
    for pattern in target.series:
        own = [row for row in rows if fnmatchcase(str(row["scope"]), pattern)]
        if own:
            return list({row["year"]: row for row in own}.values())
    return []


@house.styled
def _plot(view: View, panels: Sequence[dict[str, Any]]) -> Figure:
    down = math.ceil(len(panels) / ACROSS)
    figure, first = house.new_figure(HEIGHT * down + 0.2, "")
    first.remove()
    grid: Any = figure.subplots(down, ACROSS, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number < len(panels):
            _panel(axes, panels[number], view.lang)
        else:
            axes.set_visible(False)
    return figure


def _panel(axes: Axes, panel: dict[str, Any], lang: str) -> None:
    """Draw one target: what is published, what is asked for, what is expected."""
    known, line, fan, target = (panel[key] for key in ("known", "line", "fan", "target"))
    colour, marker, width = house.ROLES["focus"]
    last = int(max(known["year"].max(), line["last"]))
    first = int(known["year"].min())
    house.year_axis(axes, first, last)
    axes.set_xticks(range(last, first - 1, -math.ceil((last - first + 1) / YEARS)))
    draw_line(axes, known, colour, marker, width, True)
    start, value = known.iloc[-1], float(line["value"])
    is_due = target.scope == "every_year" or start["year"] >= line["last"]
    begin = float(target.start_year or line["first"]) if is_due else float(start["year"])
    axes.plot([begin, last], [value if is_due else start["value"], value], zorder=5, **ASKED)
    if fan is not None:
        draw_fan(axes, start, fan, {}, colour)
    axes.set_title(panel["title"], loc="left")
    axes.set_ylabel(unit_name(target.unit, lang), size=house.SMALL)
    axes.tick_params(labelsize=house.SMALL)
    house.value_axis(axes.yaxis)
