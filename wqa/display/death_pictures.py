"""The figure of published against recomputed death rates of special equipment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wqa.display.countcharts import plot_two_rates
from wqa.display.facts import Printable, named, year_fact
from wqa.display.listings import death_parts
from wqa.display.pictures import Picture, target_line
from wqa.display.view import View
from wqa.display.wording import say, term, terms, titled
from wqa.forecasts.scores import event_rate_interval

if TYPE_CHECKING:
    import pandas as pd


def death_rates_picture(view: View, rates: pd.DataFrame) -> Picture:
    """Make the figure of published against recomputed death rates."""
    import pandas as pd

    lang, region = view.lang, str(rates["region"].iloc[0])
    made = []
    for record in rates.sort_values(["year", "scope"]).to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        whole = row["deaths"] == row["deaths"] and row["stock_10k"] == row["stock_10k"]
        low, high = (float("nan"), float("nan"))
        if whole:
            low, high = event_rate_interval(int(row["deaths"]), float(row["stock_10k"]))
        made.append(
            {
                "year": int(row["year"]),
                "scope": row["scope"],
                "published": row["published_rate"],
                "recomputed": row["recomputed_rate"],
                "lower": low,
                "upper": high,
            }
        )
    data = pd.DataFrame(made).astype({"published": float, "recomputed": float})
    data = data.dropna(subset=["published", "recomputed"], how="all").reset_index(drop=True)
    columns = [c for c in rates.columns if c.endswith("source_id") and c != "accidents_source_id"]
    sources = sorted({str(s) for c in columns for s in rates[c].dropna() if str(s)})
    goals = view.targets("special_equipment_death_rate")
    figure = plot_two_rates(
        data,
        title=titled(term("figure.death_rate", lang), "per_10k_units", lang),
        source=view.source_line(sources),
        words=terms(["published", "recomputed"], lang),
        target=target_line(goals[0], lang) if goals else None,
    )
    return {
        "fig": figure,
        "id": "death-rates",
        "caption": say("caption.two_rates", lang, region=view.names[region]),
        "alt": _death_alt(view, data, rates),
        "sources": sources,
        "data": data,
        "notes": [named(term("figure.poisson", lang))],
    }


def _death_alt(view: View, data: pd.DataFrame, rates: pd.DataFrame) -> Printable:
    lang, region = view.lang, str(rates["region"].iloc[0])
    known = {
        (row["year"], row["scope"]): death_parts({str(k): v for k, v in row.items()})
        for row in rates.to_dict("records")
    }
    slots: dict[str, Printable] = {
        "first": year_fact(int(data["year"].min())),
        "last": year_fact(int(data["year"].max())),
        "region": view.names[region],
    }
    for column, names in (("published", "ab"), ("recomputed", "cd")):
        rows = data.dropna(subset=[column])
        for name, place in zip(names, (0, -1), strict=True):
            year, scope = int(rows["year"].iloc[place]), rows["scope"].iloc[place]
            slots[name] = known[year, scope][column]
            slots[f"year_{name}"] = year_fact(year, known[year, scope][column])
    both = data.dropna(subset=["published", "recomputed"])
    below = bool((both["recomputed"] < both["published"]).all())
    return say("alt.two_rates" if below else "alt.two_rates_mixed", lang, **slots)
