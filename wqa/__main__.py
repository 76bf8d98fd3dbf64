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
from collections.abc import Sequence
from pathlib import Path

import wqa
from wqa.errors import WqaError
from wqa.listing import LISTINGS, change_frames, explanation_text, list_conflicts, list_known, show

FORMATS = ("html", "pdf", "docx")
ANSWER_COLUMNS = (
    "target_id", "name", "comparator", "target", "unit", "answer", "strength", "p_attain",
    "reason", "evidence",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot print Chinese shows escapes instead of stopping the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
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
        place = f"{error.filename}: " if error.filename else ""
        what = f"{place}{error.strerror or error}. Name a place that can be read and written."
        print(f"wqa {options.command}: {what}", file=sys.stderr)
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
    check.add_argument("--errors", action="store_true", help="only errors")
    check.add_argument("--folder", metavar="NAME", help="only one folder of data/raw")
    _add_common(check)
    check.set_defaults(run=_check)

    conflicts = commands.add_parser("conflicts", help="figures on which published sources disagree")
    _add_common(conflicts)
    conflicts.set_defaults(run=list_conflicts)

    listing = commands.add_parser("list", help="show what is known")
    listing.add_argument("what", choices=tuple(LISTINGS))
    _add_common(listing)
    listing.set_defaults(run=list_known)

    data = commands.add_parser("data", help="rebuild the data package data/processed")
    data.set_defaults(run=_data)

    assess = commands.add_parser("assess", help="answer on every target of a plan")
    _add_edition(assess)
    assess.add_argument("--target-year", type=int, default=None, metavar="YEAR")
    assess.add_argument("--csv", type=_new_file, metavar="FILE", help="write all columns there")
    assess.set_defaults(run=_assess)

    explaining = commands.add_parser("explain", help="how the answer on one target comes about")
    _add_edition(explaining)
    explaining.add_argument("--row", required=True, metavar="ROW", help="such as 9 or 14a")
    explaining.add_argument("--json", action="store_true", help="all of it as JSON")
    explaining.set_defaults(run=_explain)

    diff = commands.add_parser("diff", help="what changed between two editions")
    diff.add_argument("editions", nargs=2, metavar="EDITION", help="report year, or folder")
    diff.add_argument("--plan", default="wuhan-14fyp", metavar="ID", help="`wqa list plans`")
    diff.add_argument("--region", default="", metavar="ID", help="default: region of the plan")
    for side in ("a", "b"):
        diff.add_argument(f"--as-of-{side}", default="", metavar="DATE",
                          help="day of a report year; see docs/decisions")  # fmt: skip
    _add_common(diff)
    diff.set_defaults(run=_diff)

    draft = commands.add_parser("next-plan", help="draft of the next plan, baselines from data")
    draft.add_argument("--plan", default="wuhan-14fyp", metavar="ID", help="the plan that ends")
    draft.add_argument("--start", type=int, required=True, metavar="YEAR")
    draft.add_argument("--end", type=int, required=True, metavar="YEAR")
    draft.add_argument("--id", type=_plan_id, metavar="ID", help="id of the next plan")
    draft.add_argument("--as-of", default="", metavar="DATE", help="use what was published then")
    draft.add_argument("--out", type=Path, default=Path("drafts"), metavar="FOLDER",
                       help="catalogue folder for --catalog; default: drafts")  # fmt: skip
    _add_common(draft)
    draft.set_defaults(run=_next_plan)

    build = commands.add_parser("build", help="build the white paper of one edition")
    _add_edition(build, languages=("zh", "en", "both"))
    build.add_argument(
        "--formats", type=_formats, default=FORMATS, metavar="LIST", help="default: html,pdf,docx"
    )
    build.add_argument("--only", metavar="CHAPTER", help="run one chapter; `wqa list chapters`")
    build.add_argument("--allow-errors", action="store_true", help="build without wrong rows")
    build.add_argument("--out", type=Path, metavar="FOLDER", help="default: outputs")
    build.set_defaults(run=_build)
    return parser


def _add_common(parser: argparse.ArgumentParser, languages: Sequence[str] = ("zh", "en")) -> None:
    parser.add_argument("--lang", choices=languages, default="zh", help="default: zh")
    _add_catalog(parser)


def _add_catalog(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--catalog", type=Path, default=os.environ.get("WQA_CATALOG") or None, metavar="FOLDER",
        help="folder with further plans and indicators; default: the variable WQA_CATALOG",
    )  # fmt: skip


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


def _new_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, or in one that does not exist")
    return path


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
    show(
        frame[["severity", "code", "place", "message"]],
        f"No {'errors' if options.errors else 'findings'}.",
    )
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


def _assess(options: argparse.Namespace) -> int:
    from wqa.assessment.attainment import assess
    from wqa.assessment.judging import ANSWERS
    from wqa.assessment.likelihood import UNPRINTED
    from wqa.assessment.statements import phrase
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
    answers = assess(
        chosen.plan,
        as_of=chosen.as_of,
        edition=chosen.edition,
        target_year=chosen.target_year,
        region=chosen.region,
        seed=chosen.seed,
        catalog=chosen.catalog,
    )
    if options.csv:
        part = options.csv.with_name(f".{options.csv.name}.part")
        try:
            part.write_text(answers.to_csv(index=False), encoding="utf-8")
            part.replace(options.csv)
        finally:
            part.unlink(missing_ok=True)
        print(f"Written: {options.csv}")
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
    from wqa.parameters import resolve

    chosen = resolve(plan=options.plan, region=options.region, edition=options.edition,
                     as_of=options.as_of, lang=options.lang, catalog=options.catalog)  # fmt: skip
    told = explain(chosen.plan, options.row, region=chosen.region, edition=chosen.edition,
                   as_of=chosen.as_of, lang=chosen.lang, catalog=chosen.catalog)  # fmt: skip
    if options.json:
        print(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=2))
    else:
        print(explanation_text(told, chosen.lang))
    return 0


def _diff(options: argparse.Namespace) -> int:
    from wqa.history.edition_changes import diff_editions
    from wqa.history.editions import edition_record, read_edition
    from wqa.parameters import resolve

    found = []
    for named, day in zip(options.editions, (options.as_of_a, options.as_of_b), strict=True):
        if named.isdecimal():
            chosen = resolve(plan=options.plan, region=options.region, edition=int(named),
                             as_of=day, catalog=options.catalog)  # fmt: skip
            found.append(edition_record(options.plan, chosen.region, chosen.edition, day,
                                        catalog=chosen.catalog))  # fmt: skip
        else:
            found.append(read_edition(named))
    title, tables = change_frames(diff_editions(*found), options.lang, catalog=options.catalog)
    print(title)
    for heading, frame in tables.items():
        print(f"\n{heading}: {len(frame)}")
        if len(frame):
            show(frame)
    return 0


def _next_plan(options: argparse.Namespace) -> int:
    from wqa.catalog.catalog import load_plan
    from wqa.history.next_plan import draft_plan, next_plan_id, write_draft

    plan = load_plan(options.plan, options.catalog)
    name = options.id or next_plan_id(plan, options.start, options.end)
    text = draft_plan(plan, options.start, options.end, plan_id=name, as_of=options.as_of,
                      catalog=options.catalog)  # fmt: skip
    print(f"Draft: {write_draft(text, options.out, name)}")
    return 0


def _build(options: argparse.Namespace) -> int:
    from wqa.publication.paper import build_paper

    start = time.monotonic()
    languages = ("zh", "en") if options.lang == "both" else (options.lang,)
    with tempfile.TemporaryDirectory(prefix="wqa-records-") as records:
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
                allow_errors=options.allow_errors,
                progress=_progress,
                records=records,
            )
            print(paper)
    print(f"Done in {time.monotonic() - start:.0f} s.")
    return 0


def _progress(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
