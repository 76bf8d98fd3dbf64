"""Command line: check the data, show what is there, judge a plan, build the white paper."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import wqa
from wqa.errors import WqaError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("html", "pdf", "docx")
VERDICT_COLUMNS = (
    "target_id", "name", "comparator", "target", "unit", "level", "level_year",
    "p_attain", "verdict", "reason",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0: done; 1: errors found or the command failed; 2: wrong usage; 130: interrupted.
    """
    options = _parser().parse_args(arguments)
    if options.debug:
        return int(options.run(options))
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except WqaError as error:
        print(f"wqa {options.command}: {error}", file=sys.stderr)
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error, but nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"wqa {options.command}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    else:
        return code
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wqa", description=__doc__)
    parser.add_argument("--version", action="version", version=f"wqa {wqa.__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="check raw data and catalogue; exit code 1 on errors")
    check.add_argument("--as-of", default="", metavar="DATE", help="as it was known on a day")
    _add_common(check)
    check.set_defaults(run=_check)

    conflicts = commands.add_parser("conflicts", help="figures on which published sources disagree")
    _add_common(conflicts)
    conflicts.set_defaults(run=_conflicts)

    listing = commands.add_parser("list", help="show what is known")
    listing.add_argument("what", choices=("plans", "indicators", "chapters", "editions"))
    _add_common(listing)
    listing.set_defaults(run=_list)

    data = commands.add_parser("data", help="rebuild the data package data/processed")
    data.set_defaults(run=_data)

    assess = commands.add_parser("assess", help="verdict for every target of a plan")
    _add_edition(assess)
    assess.add_argument("--target-year", type=int, default=None, metavar="YEAR")
    assess.add_argument("--csv", type=Path, metavar="FILE", help="write all columns there")
    assess.set_defaults(run=_assess)

    build = commands.add_parser("build", help="build the white paper of one edition")
    _add_edition(build, languages=("zh", "en", "both"))
    build.add_argument(
        "--formats", type=_formats, default=FORMATS, metavar="LIST", help="default: html,pdf,docx"
    )
    build.add_argument("--only", metavar="CHAPTER", help="run one chapter; `wqa list chapters`")
    build.add_argument("--out", type=Path, metavar="FOLDER", help="default: outputs")
    build.set_defaults(run=_build)
    return parser


def _add_common(parser: argparse.ArgumentParser, languages: Sequence[str] = ("zh", "en")) -> None:
    parser.add_argument("--lang", choices=languages, default="zh", help="default: zh")
    parser.add_argument(
        "--catalog", type=Path, metavar="FOLDER", help="folder with further plans and indicators"
    )


def _add_edition(parser: argparse.ArgumentParser, languages: Sequence[str] = ("zh", "en")) -> None:
    parser.add_argument("--plan", default="wuhan-14fyp", metavar="ID", help="`wqa list plans`")
    parser.add_argument("--region", default="", metavar="ID", help="default: region of the plan")
    parser.add_argument("--edition", type=int, default=None, metavar="YEAR", help="report year")
    parser.add_argument("--as-of", default="", metavar="DATE", help="use what was published then")
    _add_common(parser, languages)


def _formats(text: str) -> tuple[str, ...]:
    asked = tuple(part.strip() for part in text.split(","))
    for part in asked:
        if part not in FORMATS:
            raise argparse.ArgumentTypeError(f"unknown format {part!r}; known: {','.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in asked)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _show(frame: pd.DataFrame, empty: str = "(none)") -> None:
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


def _check(options: argparse.Namespace) -> int:
    from wqa.checks import check_project
    from wqa.findings import findings_frame
    from wqa.parameters import iso_date

    findings = check_project(as_of=iso_date("--as-of", options.as_of), catalog=options.catalog)
    frame = findings_frame(findings, options.lang)
    place = [
        ":".join(str(part) for part in (f.file, f.row, f.column) if part not in (None, ""))
        for f in frame.itertuples(index=False)
    ]
    frame.insert(0, "place", place)
    _show(frame[["severity", "code", "place", "message"]], "No findings.")
    errors = sum(finding.severity == "error" for finding in findings)
    print(f"{len(findings)} findings, {errors} of them errors.")
    return 1 if errors else 0


def _conflicts(options: argparse.Namespace) -> int:
    from wqa.conflicts import find_conflicts

    frame = find_conflicts(catalog=options.catalog)
    frame["about"] = frame["target_ids"].where(frame["target_ids"] != "", frame["indicator_id"])
    columns = ["status", "kind", "about", "field", "values", "preferred", f"reason_{options.lang}"]
    _show(frame[columns])
    errors = int((frame["severity"] == "error").sum())
    print(f"{len(frame)} disagreements, {errors} of them errors.")
    return 1 if errors else 0


def _list(options: argparse.Namespace) -> int:
    listing = {
        "plans": _list_plans,
        "indicators": _list_indicators,
        "chapters": _list_chapters,
        "editions": _list_editions,
    }
    for row in listing[options.what](options):
        print("\t".join(str(cell) for cell in row))
    return 0


def _list_plans(options: argparse.Namespace) -> list[tuple[object, ...]]:
    from wqa.catalog import list_plans, load_plan

    plans = [load_plan(plan, options.catalog) for plan in list_plans(options.catalog)]
    return [
        (p.id, f"{p.start_year}-{p.end_year}", len(p.targets), getattr(p, f"title_{options.lang}"))
        for p in plans
    ]


def _list_indicators(options: argparse.Namespace) -> list[tuple[object, ...]]:
    from wqa.catalog import load_indicators

    found = load_indicators(options.catalog).values()
    return [(i.id, i.unit, getattr(i, f"name_{options.lang}")) for i in found]


def _list_chapters(options: argparse.Namespace) -> list[tuple[object, ...]]:
    from wqa.chapters import load_chapters

    return [(c.id, getattr(c, f"title_{options.lang}")) for c in load_chapters(options.catalog)]


def _list_editions(options: argparse.Namespace) -> list[tuple[object, ...]]:
    from wqa.paths import outputs_dir

    found = sorted(path.parent.name for path in outputs_dir().glob("*/build.json"))
    # A folder whose name begins with a dot is still being built.
    return [(name,) for name in found if not name.startswith(".")]


def _data(options: argparse.Namespace) -> int:
    from wqa.package import build_data_package

    print(f"Data package: {build_data_package()}")
    return 0


def _assess(options: argparse.Namespace) -> int:
    from wqa.attainment import assess
    from wqa.parameters import resolve

    chosen = resolve(
        plan=options.plan,
        region=options.region,
        edition=options.edition,
        as_of=options.as_of,
        target_year=options.target_year,
        lang=options.lang,
        catalog=options.catalog,
    )
    verdicts = assess(
        chosen.plan,
        as_of=chosen.as_of,
        edition=chosen.edition,
        target_year=chosen.target_year,
        region=chosen.region,
        seed=chosen.seed,
        catalog=chosen.catalog,
    )
    if options.csv:
        verdicts.to_csv(options.csv, index=False)
        print(f"Written: {options.csv}")
    verdicts["p_attain"] = verdicts["p_attain"].map("{:.2f}".format, na_action="ignore")
    wording = {f"{name}_{chosen.lang}": name for name in ("name", "reason")}
    _show(verdicts.rename(columns=wording)[list(VERDICT_COLUMNS)])
    return 0


def _build(options: argparse.Namespace) -> int:
    from wqa.paper import build_paper

    start = time.monotonic()
    languages = ("zh", "en") if options.lang == "both" else (options.lang,)
    for language in languages:
        paper = build_paper(
            plan=options.plan,
            region=options.region,
            edition=options.edition,
            as_of=options.as_of,
            lang=language,
            formats=options.formats,
            only=options.only,
            catalog=options.catalog,
            out=options.out,
            progress=_progress,
        )
        print(paper)
    print(f"Done in {time.monotonic() - start:.0f} s.")
    return 0


def _progress(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
