"""Command line: check the data, show what is there, judge a plan, build the white paper."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wqa
from wqa.errors import WqaError
from wqa.listing import LISTINGS, explanation_text, list_conflicts, list_known, show, show_changes

if TYPE_CHECKING:
    from wqa.parameters import Parameters

ANSWER_COLUMNS = (
    "target_id", "name", "comparator", "target", "unit", "answer", "strength", "p_attain",
    "reason", "evidence",
)  # fmt: skip
Run = Callable[[argparse.Namespace], int]
EDITION = ("plan", "region", "edition", "as-of")
COMMON: dict[str, dict[str, Any]] = {
    "plan": {"default": "", "metavar": "ID", "help": "`wqa list plans`; default: the project's"},
    "region": {"default": "", "metavar": "ID", "help": "default: region of the plan"},
    "edition": {"type": int, "metavar": "YEAR", "help": "report year"},
    "as-of": {"default": "", "metavar": "DATE", "help": "use what was published then"},
    "catalog": {"metavar": "FOLDER", "help": "folder with further plans and indicators; "
                "default: the variable WQA_CATALOG"},
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot print Chinese shows escapes instead of stopping the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    if getattr(options, "plan", None) == "":
        from wqa.parameters import default_plan

        options.plan = default_plan()
    if options.debug:
        return int(options.run(options))
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except WqaError as error:
        print(f"wqa {options.command}: {error}", file=sys.stderr)
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error, but nothing more can be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        fix = "Name a place that can be read and written."
        print(f"wqa {options.command}: {place}{error.strerror or error}. {fix}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wqa", description=__doc__)
    parser.add_argument("--version", action="version", version=f"wqa {wqa.__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        run: Run, name: str, help: str, *options: str, languages: Sequence[str] = ("zh", "en")
    ) -> Callable[..., Any]:
        """Add a command with some of the common options; return what adds further ones."""
        made = commands.add_parser(name, help=help)
        made.set_defaults(run=run)
        for option in options:
            made.add_argument(f"--{option}", **COMMON[option])
        made.add_argument("--lang", choices=languages, default="zh", help="default: zh")
        catalog = os.environ.get("WQA_CATALOG") or None
        made.add_argument("--catalog", type=Path, default=catalog, **COMMON["catalog"])
        return made.add_argument

    add = command(_check, "check", "check raw data and catalogue; exit code 1 on errors", "as-of")
    add("--errors", action="store_true", help="only errors")
    add("--folder", metavar="NAME", help="only one folder of data/raw")

    command(list_conflicts, "conflicts", "figures on which published sources disagree")

    add = command(list_known, "list", "show what is known")
    add("what", choices=tuple(LISTINGS))

    about = "rebuild the data package data/processed"
    commands.add_parser("data", help=about).set_defaults(run=_data)

    add = command(_assess, "assess", "answer on every target of a plan", *EDITION)
    add("--target-year", type=int, metavar="YEAR")
    add("--csv", type=_new_file, metavar="FILE", help="write all columns there")
    add("--xlsx", type=_new_file, metavar="FILE", help="write the answers there, for Excel")

    add = command(_explain, "explain", "how the answer on one target comes about", *EDITION)
    add("--row", required=True, metavar="ROW", help="such as 9 or 14a")
    add("--json", action="store_true", help="all of it as JSON")

    add = command(_diff, "diff", "what changed between two editions", "plan", "region")
    add("editions", nargs=2, metavar="EDITION", help="report year, or folder")
    for side in ("a", "b"):
        add(f"--as-of-{side}", **COMMON["as-of"] | {"help": "day of a report year"})

    about = "draft of the next plan, baselines from data"
    add = command(_next_plan, "next-plan", about, "plan", "as-of")
    add("--start", type=int, required=True, metavar="YEAR")
    add("--end", type=int, required=True, metavar="YEAR")
    add("--id", type=_plan_id, metavar="ID", help="id of the next plan")
    place = "catalogue folder for --catalog; default: drafts"
    add("--out", type=Path, default=Path("drafts"), metavar="FOLDER", help=place)

    add = command(
        _office("template"),
        "template",
        "workbook in which an office enters figures",
        "plan",
        "region",
    )
    add("--year", type=int, metavar="YEAR", help="last year asked for; default: end of the plan")
    add("file", type=_new_file, metavar="FILE.xlsx")

    about = "letter to the bodies that hold missing figures"
    add = command(_office("request"), "request", about, "plan", "region", "as-of")
    add("file", type=_new_file, metavar="FILE.docx")

    about = "check a filled-in workbook; with --accept take it over"
    add = command(_office("ingest"), "ingest", about, "plan")
    add("--year", type=int, metavar="YEAR", help="refuse the form of another year")
    add("file", type=Path, metavar="FILE.xlsx")
    add("--accept", action="store_true", help="write it into data/raw as a delivery of its own")

    add = command(_office("new_city"), "new-city", "project folder of another city")
    add("folder", type=Path, metavar="FOLDER")
    add("--code", required=True, metavar="CODE", help="capital letters, such as XG")
    add("--name", required=True, metavar="NAME", help="such as 孝感市")
    table = "its table of indicators: FILE.xlsx or FILE.yml"
    add("--plan-from", type=Path, required=True, metavar="FILE", help=table)
    add("--day", type=_day, required=True, metavar="DATE", help="on which the table was read")

    about = "editions of a city that does not exist, through its workbook"
    add = command(_office("demo"), "demo", about)
    add("folder", type=Path, metavar="FOLDER")

    about, languages = "build the white paper of one edition", ("zh", "en", "both")
    add = command(_build, "build", about, *EDITION, languages=languages)
    known = "html,pdf,docx"
    add("--formats", default=known, metavar="LIST", help=f"default: {known}")
    add("--only", metavar="CHAPTER", help="run one chapter; `wqa list chapters`")
    about = "short paper on one group of targets, such as domain:service"
    add("--scope", default="", metavar="SCOPE", help=about)
    add("--allow-errors", action="store_true", help="build without wrong rows")
    add("--out", type=Path, metavar="FOLDER", help="default: outputs")
    return parser


def _new_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, or in one that does not exist")
    return path


def _day(text: str) -> str:
    from wqa.data.cells import is_iso_date

    if not is_iso_date(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31")
    return text


def _plan_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no id; lower-case letters, digits and _ . -")
    return text


def _check(options: argparse.Namespace) -> int:
    from wqa.catalog.reading import resolve_id
    from wqa.data.findings import findings_frame
    from wqa.data.loading import check_project
    from wqa.parameters import iso_date
    from wqa.paths import raw_dir

    findings = check_project(as_of=iso_date("--as-of", options.as_of), catalog=options.catalog)
    if options.folder:
        known = dict.fromkeys((p.name for p in raw_dir().iterdir() if p.is_dir()), ())
        place = f"data/raw/{resolve_id(options.folder, known, 'folder')}/"
        findings = [f for f in findings if f"{f.file}/".startswith(place)]
    errors = [f for f in findings if f.severity == "error"]
    # Errors last, beside the count: that is where one looks.
    frame = findings_frame(errors if options.errors else findings, options.lang)
    frame = frame.sort_values("severity", ascending=False, kind="stable")
    places = frame[["file", "row", "column"]].astype(object).itertuples(index=False)
    frame["place"] = [":".join(str(part) for part in place if part) for place in places]
    none = f"No {'errors' if options.errors else 'findings'}."
    show(frame[["severity", "code", "place", "message"]], none)
    print(f"{len(findings)} findings, {len(errors)} of them errors.")
    return 1 if errors else 0


def _show_rows_out(as_of: str | None = None, catalog: Path | None = None) -> None:
    from wqa.data.loading import rows_out

    if out := rows_out(as_of, catalog=catalog):
        print(f"{out} rows with an error are left out; `wqa check --errors` shows them.")


def _data(options: argparse.Namespace) -> int:
    from wqa.data.loading import build_data_package

    print(f"Data package: {build_data_package()}")
    _show_rows_out()
    return 0


def _chosen(options: argparse.Namespace, **more: Any) -> Parameters:
    """Check the options that say which edition is meant."""
    from wqa.parameters import resolve

    names = ("plan", "region", "edition", "as_of", "target_year", "lang", "catalog")
    return resolve(**{k: v for k, v in vars(options).items() if k in names} | more)


def _judged(chosen: Parameters) -> dict[str, Any]:
    names = ("region", "edition", "as_of", "catalog")
    return {name: getattr(chosen, name) for name in names}


def _assess(options: argparse.Namespace) -> int:
    from wqa.assessment.attainment import assess
    from wqa.assessment.judging import ANSWERS
    from wqa.assessment.likelihood import UNPRINTED
    from wqa.assessment.statements import phrase
    from wqa.office.letters import answers_workbook
    from wqa.workbooks import write_file

    chosen = _chosen(options)
    answers = assess(chosen.plan, target_year=chosen.target_year, **_judged(chosen))
    if options.csv:
        # Excel reads Chinese rightly only behind this mark.
        write_file(options.csv, answers.to_csv(index=False).encode("utf-8-sig"))
        print(f"Written: {options.csv}")
    if options.xlsx:
        write_file(options.xlsx, answers_workbook(answers, chosen.lang, chosen.catalog))
        print(f"Written: {options.xlsx}")
    words = {code: phrase("answers", code)[chosen.lang] for code in ANSWERS}
    shown = {f"{name}_{chosen.lang}": name for name in ("name", "reason", "evidence")}
    table = answers.rename(columns=shown)[list(ANSWER_COLUMNS)]
    table["answer"] = table["answer"].map(words)
    printed = table["p_attain"].map("{:.2f}".format, na_action="ignore")
    table["p_attain"] = printed.mask(answers["evidence_class"].isin(UNPRINTED))
    table["reason"] = table["reason"].mask(table["reason"] == table["evidence"])
    show(table)
    counts = answers["answer"].value_counts()
    print(", ".join(f"{words[code]} {counts[code]}" for code in ANSWERS if code in counts))
    _show_rows_out(chosen.as_of, chosen.catalog)
    return 0


def _explain(options: argparse.Namespace) -> int:
    import json

    from wqa.assessment.statements import explain

    chosen = _chosen(options)
    told = explain(chosen.plan, options.row, lang=chosen.lang, **_judged(chosen))
    if options.json:
        print(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=2))
    else:
        print(explanation_text(told, chosen.lang))
    return 0


def _diff(options: argparse.Namespace) -> int:
    from wqa.history.edition_changes import diff_editions
    from wqa.history.editions import edition_record, read_edition

    found = []
    for named, day in zip(options.editions, (options.as_of_a, options.as_of_b), strict=True):
        if named.isdecimal():
            judged = _judged(_chosen(options, edition=int(named))) | {"as_of": day}
            found.append(edition_record(options.plan, **judged))
        else:
            found.append(read_edition(named))
    show_changes(diff_editions(*found), options.lang, options.catalog)
    return 0


def _next_plan(options: argparse.Namespace) -> int:
    from wqa.catalog.catalog import load_plan
    from wqa.history.next_plan import draft_plan, next_plan_id, write_draft

    plan = load_plan(options.plan, options.catalog)
    name = options.id or next_plan_id(plan, options.start, options.end)
    known = {"as_of": options.as_of, "catalog": options.catalog}
    text = draft_plan(plan, options.start, options.end, plan_id=name, **known)
    print(f"Draft: {write_draft(text, options.out, name)}")
    return 0


def _office(name: str) -> Run:
    """Command of an office; its module is loaded when it is called."""

    def run(options: argparse.Namespace) -> int:
        from wqa.office import commands

        return int(getattr(commands, name)(options))

    return run


def _build(options: argparse.Namespace) -> int:
    from wqa.publication.paper import build_paper

    start = time.monotonic()
    languages = ("zh", "en") if options.lang == "both" else (options.lang,)
    names = ("plan", "region", "edition", "as_of", "only", "scope", "catalog", "out")
    asked = {name: getattr(options, name) for name in (*names, "allow_errors")}
    asked |= {"formats": options.formats.split(","), "progress": partial(print, flush=True)}
    with tempfile.TemporaryDirectory(prefix="wqa-records-") as records:
        for language in languages:
            print(build_paper(lang=language, records=records, **asked))
    print(f"Done in {time.monotonic() - start:.0f} s.")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
