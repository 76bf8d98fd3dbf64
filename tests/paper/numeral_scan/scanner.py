"""Scan a finished paper: every numeral in HTML, PDF and Word must resolve to a record.

The HTML marks its numbers, so there each numeral is resolved by the mark it stands in: a
number typed into running text is an orphan even if some fact prints alike. Word and PDF
carry no marks; their paragraphs, cells and captions must be those of the HTML, and their
numerals resolve as these do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from numeral_scan.numerals import Numeral, find_numerals, squeezed
from numeral_scan.page_text import PAGE_FIELD, Run, Unit, html_units, pdf_pages, word_texts
from numeral_scan.pdf_cover import Cover, Wanted
from numeral_scan.scan_record import Record, Row, read_record

from wqa.errors import BuildError

ORPHAN = "orphan"
_AROUND = 3  # letters around a numeral by which it is found in a text of the catalogue


@dataclass(frozen=True)
class Found:
    """A numeral with what it resolves to; `kind` is ``orphan`` if to nothing."""

    text: str
    kind: str
    place: str
    context: str


@dataclass
class Scan:
    """What a scan found, per format."""

    formats: dict[str, list[Found]] = field(default_factory=dict)

    def counts(self, fmt: str) -> dict[str, int]:
        """Return how many numerals of a format resolve to which class."""
        return dict(Counter(found.kind for found in self.formats[fmt]).most_common())

    def orphans(self) -> list[tuple[str, Found]]:
        """Return the numerals that resolve to nothing, with their format."""
        return [(fmt, f) for fmt, all_ in self.formats.items() for f in all_ if f.kind == ORPHAN]


def scan(folder: Path | str, catalog: Path | str | None = None) -> Scan:
    """Find and resolve every numeral of an edition."""
    home = Path(folder)
    record = read_record(home, Path(catalog) if catalog is not None else None)
    page = home / "paper.html"
    if not page.is_file():
        raise BuildError("an edition without HTML cannot be scanned", got=str(home))
    units = html_units(page)
    resolved = _Resolver(record, units).all()
    out = Scan({"html": [found for _, found_here in resolved for found in found_here]})
    if (home / "annex.html").is_file():
        annex = _Resolver(record, html_units(home / "annex.html")).all()
        out.formats["annex"] = [found for _, here in annex for found in here]
    if (home / "paper.docx").is_file():
        out.formats["docx"] = list(_word(home / "paper.docx", resolved, record.lang))
    if (home / "paper.pdf").is_file():
        out.formats["pdf"] = list(_pdf(home / "paper.pdf", resolved, record))
    return out


class _Resolver:
    """Resolves the numerals of the HTML by the marks they stand in."""

    def __init__(self, record: Record, units: list[Unit]) -> None:
        self.record = record
        self.units = units
        self.headings = {squeezed(u.text) for u in units if re.fullmatch("h[1-6]", u.kind)}
        self.captions = {squeezed(u.text) for u in units if u.kind == "figcaption"}
        self.tips = {
            run.detail: run.text for unit in units for run in unit.runs if run.mark == "fact"
        }
        self.rows = [row for rows in record.facts.values() for row in rows]
        self.seen: dict[str, str] = {}

    def all(self) -> list[tuple[Unit, list[Found]]]:
        return [(unit, list(self.of(unit))) for unit in self.units]

    def of(self, unit: Unit) -> Iterator[Found]:
        place = " > ".join(unit.path[-3:])
        # English words need their blanks, so words are looked for in the whole text at once.
        for run in unit.runs:
            for numeral in find_numerals(run.text):
                kind = self.kind(unit, run, numeral)
                if not kind and _declared(self.record, run.text, numeral):
                    kind = "declared word"
                yield Found(numeral.text, kind or ORPHAN, place, unit.text.strip()[:120])
        if unit.kind in ("tip", "aria-label"):
            return
        for numeral in find_numerals(unit.text, self.record.lang):
            if numeral.word:
                step = unit.inside("tr#src-")
                kind = self.source(step, numeral) if step else ""
                if unit.inside("main#text") and unit.inside("details"):
                    kind = self.register(unit, numeral)
                kind = kind or word_kind(self.record, unit.text, numeral)
                yield Found(numeral.text, kind or ORPHAN, place, unit.text.strip()[:120])

    def kind(self, unit: Unit, run: Run, numeral: Numeral) -> str:
        if run.mark == "fact":
            return self.fact(run)
        if unit.kind == "tip":
            return self.tip(unit.text, numeral)
        if unit.kind == "alt":
            return self.figure(unit, numeral)
        if unit.inside("tr#src-"):
            return self.source(unit.inside("tr#src-"), numeral)
        if run.mark == "link":
            return self.link(run, numeral)
        if run.mark == "label":
            return "label" if squeezed(run.text) in self.record.labels else ""
        if unit.inside("main#text"):
            return self.running(unit, run, numeral)
        return self.edition(run.text, numeral)

    def fact(self, run: Run) -> str:
        """Resolve a marked number: a row of facts.csv that itself rests on something."""
        for row in self.record.facts.get(squeezed(run.text.rstrip("…"))[:200], ()):
            if squeezed(row["locator"])[:60] not in squeezed(run.detail):
                continue
            if row["value"]:
                if row["source_ids"] or row["locator"] or row["kind"] != "observation":
                    return row["kind"]
            elif row["source_ids"] or row["locator"]:
                return "quoted"
            elif row["kind"] == "parameter" and row["id"].startswith("parameter."):
                return "parameter"
            elif self.record.is_name(row["text"]):
                return "name"
            elif self.record.is_setting(row["text"]):
                return "setting"
        return ""

    def tip(self, text: str, numeral: Numeral) -> str:
        printed = self.tips.get(text, "")
        for row in self.record.facts.get(squeezed(printed.rstrip("…"))[:200], ()):
            if squeezed(numeral.text) in self.known(row):
                return "tip"
        return "tip" if self.record.in_catalogue(squeezed(text)[:20]) else ""

    def known(self, row: Row) -> str:
        """All that is recorded about a fact and its sources."""
        key = row["id"]
        if key in self.seen:
            return self.seen[key]
        ids = row["source_ids"].split()
        numbers = [n for n, s in enumerate(self.record.sources, 1) if s["id"] in ids]
        sources = [s for s in self.record.sources if s["id"] in ids]
        named = [" ".join(s.values()) for s in sources] + [f"[{n}]" for n in numbers]
        self.seen[key] = squeezed(" ".join([*row.values(), *named]))
        return self.seen[key]

    def figure(self, unit: Unit, numeral: Numeral) -> str:
        step = unit.inside("figure#fig-").split(".chart")[0]
        return figure_kind(self.record, step, unit.text, numeral)

    def source(self, step: str, numeral: Numeral) -> str:
        number = int(re.match(r"\d+", step)[0])  # type: ignore[index]
        row = self.record.sources[number - 1]
        if numeral.text in (str(number), ""):
            return "source"
        return "source" if squeezed(numeral.text) in squeezed(" ".join(row.values())) else ""

    def link(self, run: Run, numeral: Numeral) -> str:
        if run.detail.startswith("#src-"):
            number = run.detail.removeprefix("#src-")
            known = number == numeral.text and int(number) <= len(self.record.sources)
            return "citation" if known else ""
        text = squeezed(run.text)
        chapters = {squeezed(str(chapter["label"])) for chapter in self.record.chapters}
        known_texts = self.headings | self.captions | chapters | set(self.record.labels)
        return "contents" if text in known_texts else ""

    def running(self, unit: Unit, run: Run, numeral: Numeral) -> str:
        text = unit.text
        if re.fullmatch("h[1-6]", unit.kind) and run is unit.runs[0]:
            label = re.match(r"\s*(第\d+章|Chapter \d+|(?:\d+|[A-Z])\.\d+)", run.text)
            if label and numeral.end <= label.end():
                return "section"
        if unit.kind == "aria-label":
            begun = [name for name in self.record.labels if squeezed(text).startswith(name)]
            longest = max(begun, key=len, default="")
            rest = squeezed(text)[len(longest) :]
            known = bool(begun) and (rest == self.record.labels[longest] or not find_numerals(rest))
            return "label" if known else ""
        if "p.under" in unit.path and re.match(r"\d+\. ", run.text[numeral.start :]):
            before = unit.text[: unit.text.index(run.text) + numeral.start]
            if len(before) <= 6:
                return "note number"
        if unit.inside("details") or unit.kind in ("summary", "li"):
            return self.register(unit, numeral)
        return ""

    def register(self, unit: Unit, numeral: Numeral) -> str:
        """Resolve an entry in the list of numbers under each source in the annex."""
        if unit.kind == "summary":
            match = re.fullmatch(r"\[(\d+)\] .* \((\d+)\)", unit.text.strip())
            if match is None or int(match[1]) > len(self.record.sources):
                return ""
            id = self.record.sources[int(match[1]) - 1]["id"]
            number = sum(id in row["source_ids"].split() for row in self.rows)
            return "register" if int(match[2]) == number else ""
        bold = next((run.text for run in unit.runs if run.mark == "bold"), "")
        for row in self.record.facts.get(squeezed(bold.rstrip("…"))[:200], ()):
            if squeezed(numeral.text) in self.known(row):
                return "register"
        about = unit.text[len(bold) :].split("·")[0]
        return "register" if bold and self.record.in_catalogue(squeezed(about)[:20]) else ""

    def edition(self, text: str, numeral: Numeral) -> str:
        given = self.record.parameters
        year, month, day = str(given["as_of"]).split("-")
        known = {str(given["edition"]), year, month, day, str(int(month)), str(int(day))}
        known.add(str(given["rows_left_out"]))
        own = [row for row in self.rows if row["region"] == given["region"] and row["year"]]
        published = [int(row["year"]) for row in own if row["kind"] == "observation"]
        known.add(str(max(published, default="")))
        if re.sub(r"\D", "", numeral.text) in known:
            return "edition"
        return "name" if _stands_in(self.record, text, numeral) else ""


def word_kind(record: Record, text: str, numeral: Numeral) -> str:
    """Resolve a number word: a declared phrase of the wording, or a text of the catalogue."""
    if _declared(record, text, numeral):
        return "declared word"
    return "catalogue" if _stands_in(record, text, numeral) else ""


def _declared(record: Record, text: str, numeral: Numeral) -> bool:
    """Whether the numeral is part of a declared phrase that stands there."""
    word = squeezed(numeral.text)
    for phrase in record.declared:
        at = phrase.find(word)
        before = squeezed(text[: numeral.start]).removesuffix("-")[-at:] if at > 0 else ""
        after = squeezed(text[numeral.end :]).removeprefix("-")
        if at >= 0 and (before + word + after).startswith(phrase):
            return True
    return False


def _stands_in(record: Record, text: str, numeral: Numeral) -> bool:
    """Whether the catalogue holds the numeral with the letters around it."""
    left = squeezed(text[: numeral.start])
    right = squeezed(text[numeral.end :]).removeprefix("-")
    word = squeezed(numeral.text)
    return any(
        record.in_catalogue(left[len(left) - before :] + word + right[: _AROUND - before])
        for before in range(min(_AROUND, len(left)) + 1)
        if len(right) >= _AROUND - before
    )


def figure_kind(record: Record, id: str, text: str, numeral: Numeral) -> str:
    """Resolve a numeral in a figure or its alternative text by what the figure draws."""
    figure = record.figures.get(id)
    if figure is None:
        return ""
    plain = squeezed(numeral.text).rstrip("%").replace(",", "").lstrip("+")
    if plain in figure.numbers or squeezed(numeral.text) in figure.cells:
        return "figure data"
    if plain.lstrip("-") in figure.numbers or plain in figure.cells:
        return "figure data"
    for row in (*record.facts.get(plain, ()), *record.facts.get(squeezed(numeral.text), ())):
        if row["kind"] == "target" or figure.label in squeezed(row["places"]):
            return "figure fact"
    if any(squeezed(numeral.text) in squeezed(source["publisher"]) for source in record.sources):
        return "source"
    if record.is_setting(text):
        return "setting"
    return "name" if _stands_in(record, text, numeral) else ""


def _word(path: Path, resolved: list[tuple[Unit, list[Found]]], lang: str) -> Iterator[Found]:
    """Numerals of Word resolve as those of the same paragraph, cell or caption of the HTML."""
    known: dict[str, list[Found]] = {}
    for unit, found in resolved:
        known.setdefault(squeezed(unit.text), found)
        if unit.kind == "figcaption":
            rest = [run for run in unit.runs if run.mark != "label"]
            labels = sum(len(find_numerals(run.text)) for run in unit.runs if run.mark == "label")
            known.setdefault(squeezed("".join(run.text for run in rest)), found[labels:])
    for place, text in word_texts(path):
        if place == PAGE_FIELD:
            yield Found(text.strip(), "page number", place, text)
            continue
        same = known.get(squeezed(text))
        if same is not None:
            yield from (Found(f.text, f.kind, place, text[:120]) for f in same)
            continue
        for numeral in find_numerals(text, lang):
            yield Found(numeral.text, ORPHAN, place, text[:120])


def _pdf(path: Path, resolved: list[tuple[Unit, list[Found]]], record: Record) -> Iterator[Found]:
    """Numerals of the PDF: its text is covered by the texts of the HTML and of the figures."""
    texts = {unit.path[-1]: unit.text for unit, _ in resolved if "header" in unit.path}
    front = squeezed(texts.get("h1.title", "") + texts.get("p.edition", ""))
    chapters = {squeezed(unit.text) for unit, _ in resolved if unit.kind == "h2"}
    cover = Cover(pdf_pages(path), [front + chapter for chapter in chapters])
    for unit, found in resolved:
        if not _is_printed(unit):
            continue
        step = unit.inside("figure#fig-").split(".")[0]
        if step and unit.kind == "figcaption":
            for text, tick in record.figures[step].texts:
                kinds = [
                    (n.text, "scale" if tick else figure_kind(record, step, text, n) or ORPHAN)
                    for n in find_numerals(text)
                ]
                cover.take(Wanted(squeezed(text), kinds, ahead=True))
        # The contents of the page list sections too, which print only has where they stand.
        ahead = bool(unit.inside("nav#contents"))
        cover.take(Wanted(squeezed(unit.text), [(f.text, f.kind) for f in found], ahead=ahead))
    for unit, found in resolved:  # heads of tables stand again on each page
        again = Wanted(squeezed(unit.text), [(f.text, f.kind) for f in found])
        while unit.kind == "th" and found and cover.take(again):
            pass
    for text, kind, page, context in cover.numerals(record.lang):
        yield Found(text, kind or ORPHAN, f"page {page}", context)


def _is_printed(unit: Unit) -> bool:
    """Whether a text of the HTML stands in print too; the lists of numbers do not."""
    lists = unit.inside("main#text") and unit.inside("details")
    shown = unit.kind not in ("tip", "alt", "aria-label", "title") and "footer" not in unit.path
    return shown and not lists and "td.cites" not in unit.path
