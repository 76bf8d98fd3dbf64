"""Listings of the command line: what is known, and what changed between two editions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import pandas as pd

    from wqa.history.edition_changes import EditionChanges
Rows = list[tuple[Any, ...]]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def show(frame: pd.DataFrame, empty: str = "(none)") -> None:
    """Print a table; the last column may be long and is not filled up."""
    if frame.empty:
        print(empty)
        return
    rows = [[str(name) for name in frame.columns]]
    cells = frame.astype(object).where(frame.notna(), "-")
    rows += [[str(cell) for cell in row] for row in cells.itertuples(index=False)]
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    for row in rows:
        pairs = zip(row[:-1], widths, strict=True)
        filled = [text + " " * (width - _width(text)) for text, width in pairs]
        print("  ".join([*filled, row[-1]]))


def explanation_text(told: dict[str, Any], lang: str, indent: str = "") -> str:
    """Lay out an explanation for the command line: one line a figure, one a heading."""
    from wqa.assessment.statements import phrase

    if "place" in told:
        return indent + " | ".join(map(_shown, told.values()))
    lines = []
    for name, value in told.items():
        head = f"{indent}{phrase('explain', name)[lang]}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [head, *(explanation_text(one, lang, f"{indent}  ") for one in value)]
        elif isinstance(value, dict) and value:
            lines.append(head + ", ".join(f"{key} {_shown(cell)}" for key, cell in value.items()))
        elif value not in ("", [], {}):
            lines.append(head + ("; ".join(value) if isinstance(value, list) else str(value)))
    return "\n".join(lines)


def _shown(cell: Any) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _list_plans(options: argparse.Namespace) -> Rows:
    from wqa.catalog.catalog import list_plans, load_plan

    plans = [load_plan(plan, options.catalog) for plan in list_plans(options.catalog)]
    titles = [getattr(plan, f"title_{options.lang}") for plan in plans]
    years = [f"{plan.start_year}-{plan.end_year}" for plan in plans]
    return [(p.id, y, len(p.targets), t) for p, y, t in zip(plans, years, titles, strict=True)]


def _list_indicators(options: argparse.Namespace) -> Rows:
    from wqa.catalog.catalog import load_indicators

    found = load_indicators(options.catalog).values()
    return [(i.id, i.unit, getattr(i, f"name_{options.lang}")) for i in found]


def _list_regions(options: argparse.Namespace) -> Rows:
    from wqa.data.loading import load_regions

    frame = load_regions()[["region", "level", f"name_{options.lang}"]]
    return list(frame.itertuples(index=False, name=None))


def _list_scopes(options: argparse.Namespace) -> Rows:
    from wqa.data.loading import load_observations

    frame = load_observations(names=options.lang, catalog=options.catalog)
    grouped = frame.groupby(["indicator_id", "scope", "scope_name"], as_index=False)
    listed = grouped.agg(regions=("region", "nunique"), first=("year", "min"), last=("year", "max"))
    rows = listed.itertuples(index=False)
    return [(r.indicator_id, r.scope, r.scope_name, r.regions, f"{r.first}-{r.last}") for r in rows]


def _list_chapters(options: argparse.Namespace) -> Rows:
    from wqa.paths import notebooks_dir
    from wqa.publication.outline import load_outline, with_title

    chapters, books = load_outline(options.catalog).chapters, notebooks_dir()
    return [(c.id, with_title(c, books, options.lang).title) for c in chapters]


def _list_editions(options: argparse.Namespace) -> Rows:
    from wqa.paths import outputs_dir

    found = sorted(path.parent.name for path in outputs_dir().glob("*/build.json"))
    # A folder whose name begins with a dot is still being built.
    return [(name,) for name in found if not name.startswith(".")]


LISTINGS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "plans": _list_plans,
    "indicators": _list_indicators,
    "regions": _list_regions,
    "scopes": _list_scopes,
    "chapters": _list_chapters,
    "editions": _list_editions,
}


def list_known(options: argparse.Namespace) -> int:
    """Print what one listing finds, a line each."""
    for row in LISTINGS[options.what](options) or [("(none)",)]:
        print("\t".join(str(cell) for cell in row))
    return 0


def list_conflicts(options: argparse.Namespace) -> int:
    """Print the figures on which sources disagree; 1 if one of them is an error."""
    from wqa.data.conflicts import find_conflicts

    frame = find_conflicts(catalog=options.catalog)
    frame["about"] = frame["target_ids"].where(frame["target_ids"] != "", frame["indicator_id"])
    columns = ["status", "kind", "about", "field", "values", "preferred", f"reason_{options.lang}"]
    show(frame[columns])
    errors = int((frame["severity"] == "error").sum())
    print(f"{len(frame)} disagreements, {errors} of them errors.")
    return 1 if errors else 0


def show_changes(changes: EditionChanges, lang: str, catalog: Path | None) -> None:
    """Print what changed between two editions, in the tables of the annex."""
    from wqa.display.edition_tables import change_tables
    from wqa.display.view import open_view
    from wqa.display.wording import term
    from wqa.parameters import resolve

    old, new = changes.old, changes.new
    asked: dict[str, Any] = {"lang": lang, "catalog": catalog}
    days = {"old": old.edition, "old_day": old.as_of, "new": new.edition, "new_day": new.as_of}
    print(term("command.header", lang).format(**days))
    view = open_view(resolve(new.plan, new.region, new.edition, new.as_of, **asked))
    tables = change_tables(view, changes)
    for name, frame in changes.frames().items():
        print(f"\n{term(f'command.{name}', lang)}: {len(frame)}")
        if name in tables:
            show(tables[name].frame)
