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
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from numeral_scan.numerals import Found, Numeral, find_numerals, squeezed
from numeral_scan.page_text import PAGE_FIELD, Run, Unit, html_units, pdf_pages, word_texts
from numeral_scan.pdf_cover import Cover
from numeral_scan.scan_record import Record, read_record

from wqa.errors import BuildError

_AROUND = 3  # letters around a numeral by which it is found in a text of the catalogue
Resolved = list[tuple[Unit, list[Found]]]


@dataclass(frozen=True)
class Scan:
    """What a scan found, per format."""

    formats: dict[str, list[Found]]

    def counts(self, fmt: str) -> dict[str, int]:
        """Return how many numerals of a format resolve to which class."""
        return dict(Counter(found.kind for found in self.formats[fmt]).most_common())

    def orphans(self) -> list[tuple[str, Found]]:
        """Return the numerals that resolve to nothing, with their format."""
        return [(fmt, f) for fmt, all_ in self.formats.items() for f in all_ if not f.kind]


def scan(folder: Path | str, catalog: Path | str | None = None) -> Scan:
    """Find and resolve every numeral of an edition."""
    home = Path(folder)
    record = read_record(home, Path(catalog) if catalog is not None else None)
    files = {fmt: home / f"paper.{fmt}" for fmt in ("html", "docx", "pdf")}
    files["annex"] = home / "annex.html"
    if not files["html"].is_file():
        raise BuildError("an edition without HTML cannot be scanned", got=str(home))
    page = _Page(record, html_units(files["html"]))
    resolved = page.resolved()
    out = {"html": [found for _, here in resolved for found in here]}
    if files["annex"].is_file():
        annex = _Page(record, html_units(files["annex"])).resolved()
        out["annex"] = [found for _, here in annex for found in here]
    if files["docx"].is_file():
        out["docx"] = list(_word(files["docx"], resolved, record.lang))
    if files["pdf"].is_file():
        out["pdf"] = _pdf(files["pdf"], resolved, page)
    return Scan(out)


class _Page:
    """Resolves the numerals of a page of HTML by the marks they stand in."""

    def __init__(self, record: Record, units: list[Unit]) -> None:
        self.record = record
        self.units = units
        facts = [(run.detail, run.text) for u in units for run in u.runs if run.mark == "fact"]
        self.tips = dict(facts)
        titles = [u.text for u in units if re.fullmatch("h[1-6]|(fig)?caption", u.kind)]
        titles += [str(chapter["label"]) for chapter in record.chapters]
        self.contents = {*map(squeezed, titles), *record.labels}
        self.stands_in = cache(self._stands_in)

    def resolved(self) -> Resolved:
        """Return every text with its numerals."""
        return [(unit, list(self.of(unit))) for unit in self.units]

    def of(self, unit: Unit) -> Iterator[Found]:
        """Yield the numerals of a text: those of each mark, then the words of the whole."""
        where = " > ".join(unit.path[-3:]), unit.text.strip()[:120]
        for run in unit.runs:
            for numeral in find_numerals(run.text):
                kind = self.kind(unit, run, numeral) or self.declared(run.text, numeral)
                yield Found(numeral.text, kind, *where)
        if unit.kind in ("tip", "aria-label"):
            return
        # English words need their blanks, so words are looked for in the whole text at once.
        for numeral in find_numerals(unit.text, self.record.lang):
            if numeral.word:
                kind = self.source(unit, numeral) or self.register(unit, numeral)
                kind = kind or self.declared(unit.text, numeral)
                kind = kind or self.stands_in(unit.text, numeral)
                yield Found(numeral.text, kind, *where)

    def kind(self, unit: Unit, run: Run, numeral: Numeral) -> str:
        """Resolve a numeral by the mark or the place in which it stands."""
        if run.mark == "fact":
            return self.fact(run)
        if unit.kind == "tip":
            return self.recorded(self.tips.get(unit.text, ""), unit.text, numeral)
        if unit.kind == "alt":
            figure = unit.inside("figure#fig-").split(".chart")[0]
            return self.figure(figure, unit.text, numeral)
        if unit.inside("tr#src-"):
            return self.source(unit, numeral)
        if run.mark == "link" and run.detail.startswith("#src-"):
            number = int(run.detail.removeprefix("#src-"))
            known = numeral.text == str(number) and number <= len(self.record.sources)
            return "citation" if known else ""
        if run.mark == "link":
            return "contents" if squeezed(run.text) in self.contents else ""
        if run.mark == "label":
            return "label" if squeezed(run.text) in self.record.labels else ""
        if unit.inside("main#text"):
            return self.running(unit, run, numeral)
        edition = re.sub(r"\D", "", numeral.text) in self.record.edition
        return "edition" if edition else self.stands_in(run.text, numeral)

    def fact(self, run: Run) -> str:
        """Resolve a marked number: a row of facts.csv that itself rests on something."""
        for row in self.record.rows(run.text):
            kind, text = row["kind"], row["text"]
            here = squeezed(row["locator"])[:60] in squeezed(run.detail)
            rests = row["source_ids"] or row["locator"] or row["id"].startswith("parameter.")
            rests = rests or (row["value"] and kind != "observation")
            if here and (rests or self.record.is_name(text) or self.record.is_setting(text)):
                return kind
        return ""

    def recorded(self, printed: str, about: str, numeral: Numeral) -> str:
        """Resolve what is said about a printed number: recorded of it, or its catalogue text."""
        rows, text = self.record.rows(printed), squeezed(numeral.text)
        if any(text in self.record.known[row["id"]] for row in rows):
            return "recorded"
        return "recorded" if self.record.in_catalogue(squeezed(about)[:20]) else ""

    def source(self, unit: Unit, numeral: Numeral) -> str:
        """Resolve a numeral in the list of sources by the row that it prints."""
        step = re.match(r"\d+", unit.inside("tr#src-"))
        if step is None:
            return ""
        row = self.record.sources[int(step[0]) - 1]
        same = squeezed(numeral.text) in squeezed(" ".join(row.values()))
        return "source" if same or numeral.text == step[0] else ""

    def running(self, unit: Unit, run: Run, numeral: Numeral) -> str:
        """Resolve a numeral of the text that carries no mark."""
        text = unit.text
        if re.fullmatch("h[1-6]", unit.kind) and run is unit.runs[0]:
            label = re.match(r"\s*(第\d+章|Chapter \d+|(?:\d+|[A-Z])\.\d+)", run.text)
            if label and numeral.end <= label.end():
                return "section"
        if unit.kind == "aria-label":
            for label, caption in self.record.labels.items():
                rest = squeezed(text).removeprefix(label)
                if rest == caption or (rest != squeezed(text) and not find_numerals(rest)):
                    return "label"
        begins = text.index(run.text) + numeral.start <= 6
        if "div.note" in unit.path and begins and re.match(r"\d+\. ", run.text[numeral.start :]):
            return "note number"
        return self.register(unit, numeral)

    def register(self, unit: Unit, numeral: Numeral) -> str:
        """Resolve an entry in the list of numbers under each source in the annex."""
        entry = unit.inside("details") or unit.kind in ("summary", "li")
        if not unit.inside("main#text") or not entry:
            return ""
        if unit.kind == "summary":
            match = re.fullmatch(r"\[(\d+)\] .* \((\d+)\)", unit.text.strip())
            resting = self.record.resting[int(match[1]) - 1 :][:1] if match else []
            return "recorded" if match and resting == [int(match[2])] else ""
        bold = next((run.text for run in unit.runs if run.mark == "bold"), "")
        about = unit.text[len(bold) :].split("·")[0] if bold else ""
        return self.recorded(bold, about, numeral)

    def declared(self, text: str, numeral: Numeral) -> str:
        """Whether the numeral is part of a declared phrase that stands there."""
        word = squeezed(numeral.text)
        for phrase in self.record.declared:
            at = phrase.find(word)
            before = squeezed(text[: numeral.start]).removesuffix("-")[-at:] if at > 0 else ""
            after = squeezed(text[numeral.end :]).removeprefix("-")
            if at >= 0 and (before + word + after).startswith(phrase):
                return "declared"
        return ""

    def _stands_in(self, text: str, numeral: Numeral) -> str:
        """Whether the catalogue holds the numeral with the letters around it."""
        left, word = squeezed(text[: numeral.start]), squeezed(numeral.text)
        right = squeezed(text[numeral.end :]).removeprefix("-")
        for before in range(min(_AROUND, len(left)) + 1):
            around = left[len(left) - before :] + word + right[: _AROUND - before]
            if len(right) >= _AROUND - before and self.record.in_catalogue(around):
                return "name"
        return ""

    def figure(self, id: str, text: str, numeral: Numeral) -> str:
        """Resolve a numeral in a figure or its alternative text by what the figure draws."""
        figure = self.record.figures.get(id)
        if figure is None:
            return ""
        word = squeezed(numeral.text)
        plain = word.rstrip("%").replace(",", "").lstrip("+")
        drawn = word in figure.cells or plain in figure.cells
        if drawn or figure.numbers & {plain, plain.lstrip("-")}:
            return "figure"
        for row in (*self.record.rows(plain), *self.record.rows(word)):
            if row["kind"] == "target" or figure.label in squeezed(row["places"]):
                return "figure"
        if any(word in squeezed(source["publisher"]) for source in self.record.sources):
            return "source"
        return "setting" if self.record.is_setting(text) else self.stands_in(text, numeral)


def _word(path: Path, resolved: Resolved, lang: str) -> Iterator[Found]:
    """Numerals of Word resolve as those of the same paragraph, cell or caption of the HTML."""
    known: dict[str, list[Found]] = {}
    for unit, found in resolved:
        known.setdefault(squeezed(unit.text), found)
        if unit.kind in ("figcaption", "caption"):
            rest = "".join(run.text for run in unit.runs if run.mark != "label")
            labels = sum(len(find_numerals(run.text)) for run in unit.runs if run.mark == "label")
            known.setdefault(squeezed(rest), found[labels:])
    for place, text in word_texts(path):
        if place == PAGE_FIELD:
            yield Found(text.strip(), "page number", place, text)
        elif squeezed(text) in known:
            same = known[squeezed(text)]
            yield from (Found(f.text, f.kind, place, text[:120]) for f in same)
        else:
            for numeral in find_numerals(text, lang):
                yield Found(numeral.text, "", place, text[:120])


def _pdf(path: Path, resolved: Resolved, page: _Page) -> list[Found]:
    """Numerals of the PDF: its text is covered by the texts of the HTML and of the figures."""
    texts = {unit.path[-1]: unit.text for unit, _ in resolved if "header" in unit.path}
    front = texts.get("h1.title", "") + texts.get("p.edition", "")
    heads = {squeezed(front + unit.text) for unit, _ in resolved if unit.kind == "h2"}
    cover = Cover(pdf_pages(path), heads)
    for unit, found in resolved:
        if not _is_printed(unit):
            continue
        step = unit.inside("figure#fig-").split(".")[0]
        drawn = step and unit.kind == "figcaption"
        for text, tick in page.record.figures[step].texts if drawn else ():
            numerals = find_numerals(text)
            kinds = [(n.text, "scale" if tick else page.figure(step, text, n)) for n in numerals]
            cover.take(squeezed(text), kinds, ahead=True)
        # The contents of the page list sections too, which print only has where they stand.
        ahead = bool(unit.inside("nav#contents"))
        cover.take(squeezed(unit.text), [(f.text, f.kind) for f in found], ahead=ahead)
    for unit, found in resolved:  # heads of tables stand again on each page
        again = squeezed(unit.text), [(f.text, f.kind) for f in found]
        while unit.kind == "th" and found and cover.take(*again):
            pass
    return list(cover.numerals(page.record.lang))


def _is_printed(unit: Unit) -> bool:
    """Whether a text of the HTML stands in print too; the lists of numbers do not."""
    lists = unit.inside("main#text") and unit.inside("details")
    shown = unit.kind not in ("tip", "alt", "aria-label", "title") and "footer" not in unit.path
    return shown and not lists and "td.cites" not in unit.path
