"""The real edition in both languages, built whole and read back as readers do.

All tests of it stand in this file, so that one worker builds it; it is the first to start. What
is shown of all formats: nothing went wrong on the way, no number stands without a record, and
equal inputs give equal bytes.
"""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile

import docx
import pypdf
import pytest
from numeral_scan.scanner import scan

import wqa
from wqa.catalog.catalog import load_plan
from wqa.display.judgements import answer_label
from wqa.history.edition_forecasts import grade_forecasts
from wqa.history.editions import read_edition
from wqa.paths import ASSETS, notebooks_dir
from wqa.publication.outline import load_outline, with_title
from wqa.publication.paper import build_paper

pytestmark = pytest.mark.slow
LANGUAGES = ("zh", "en")
# The second build takes the time of the first; one language shows what can differ.
COMPARED = LANGUAGES if os.environ.get("WQA_REAL_EDITION") == "1" else ("zh",)
# What must never be printed: missing values, empty slots, references that lead nowhere.
NEVER = re.compile(r"\bnan\b|\bNone\b|\binf\b|@(fig|tbl|ch):|[{}]|〓|\ufffd|Traceback")
FIGURES = re.compile(r"(图|Figure )[\w-]+")
# Labels of chapters, figures and tables of the annex carry a letter.
ANNEX = re.compile(r"(?:附录|Annex |图|Figure |表|Table )[A-Z]\b[\w-]*")
AGAIN = """
import sys
from wqa.publication.paper import build_paper
root, lang = sys.argv[1:]
build_paper(edition=2025, lang=lang, root=root)
"""
# Contrast of every text with the background behind it. axe leaves text open that reaches out of
# a box that scrolls; here no text lies on a picture or on a colour that is not opaque.
CONTRAST = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  ).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const low = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.data.trim()) continue;
    let node = walk.currentNode.parentElement, back = [255, 255, 255];
    const ink = getComputedStyle(node).color;
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = parts(getComputedStyle(at).backgroundColor);
      if (alpha === 1) { back = [r, g, b]; break; }
      if (alpha > 0) low.add(`translucent background of ${at.tagName}`);
    }
    const [one, two] = [light(parts(ink)), light(back)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) low.add(`${node.tagName}.${node.className} ${ink} on ${back}`);
  }
  return [...low];
}"""


def squeezed(text):
    """Text without white space, with one kind of minus: data files use the keyboard's."""
    return re.sub(r"\s+|[\u200b\u00ad]", "", text).replace("\N{MINUS SIGN}", "-")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Folder in which both languages share the records of editions."""
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def built(root, tmp_path_factory, records):
    """Function that builds the edition in a language, once, as `wqa build --lang both` does."""
    out = tmp_path_factory.mktemp("real")
    done = {}

    def make(lang):
        if lang not in done:
            done[lang] = build_paper(edition=2025, lang=lang, root=root, out=out, records=records)
        return done[lang]

    return make


@pytest.fixture(scope="module", params=LANGUAGES)
def real(request, built):
    return request.param, built(request.param)


@pytest.fixture(scope="module")
def pdf(real):
    return pypdf.PdfReader(real[1].files["pdf"])


@pytest.fixture(scope="module")
def word(real):
    return docx.Document(str(real[1].files["docx"]))


def titles(lang, doc="html"):
    """Titles of the chapters that a document must hold."""
    chapters = [c for c in load_outline(None).chapters if (c.part == "annex") == (doc == "annex")]
    return [with_title(chapter, notebooks_dir(), lang).title for chapter in chapters]


def check_text(lang, text, doc="html"):
    """The text holds every chapter and every target, and nothing that went wrong."""
    found = NEVER.search(text)
    assert not found, text[max(found.start() - 60, 0) : found.end() + 60]
    flat = squeezed(text)
    for title in titles(lang, doc):
        assert squeezed(title) in flat, title
    for target in load_plan("wuhan-14fyp").targets:
        assert squeezed(getattr(target, f"name_{lang}")) in flat, target.id


def rows_of(result, name):
    with (result.folder / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def printed_numbers(result, doc="html"):
    """Every number of texts and tables that a document must print; a figure is a picture."""
    found = set()
    for row in rows_of(result, "facts.csv"):
        places = FIGURES.sub("", row["places"])
        inside = " ".join(ANNEX.findall(places)) if doc == "annex" else ANNEX.sub("", places)
        if inside.strip():
            found.add(squeezed(row["text"]))
    return found


def count(result, kind, doc="html"):
    """How many figures or tables a document holds."""
    words = {"figure": ("图", "Figure"), "table": ("表", "Table")}[kind]
    labels = [row["label"] for row in rows_of(result, "contents.csv")]
    inside = [label for label in labels if bool(ANNEX.match(label)) == (doc == "annex")]
    return sum(label.startswith(words) for label in inside)


def test_edition_is_whole(real):
    lang, result = real
    assert result.chapters > len(titles(lang)) + len(titles(lang, "annex"))
    assert result.figures == count(result, "figure") + count(result, "figure", "annex") >= 20
    assert result.tables == count(result, "table") + count(result, "table", "annex") >= 25
    assert len(printed_numbers(result)) > 100
    assert len(printed_numbers(result, "annex")) > 100


def test_first_page_after_the_cover_answers_every_target(real, pdf):
    page = pdf.pages[1].extract_text()
    for target in load_plan("wuhan-14fyp").targets:
        assert re.search(rf"(?m)(^|\s){target.row}{target.part}\s", page), target.id
    for answer in set(wqa.assess("wuhan-14fyp", edition=2025)["answer"]):
        assert squeezed(answer_label(answer, real[0])) in squeezed(page)
    most = {"zh": 28, "en": 32}
    assert len(pdf.pages) <= most[real[0]]


def test_no_number_stands_without_a_record(real):
    found = scan(real[1].folder)
    assert set(found.formats) == {"html", "annex", "docx", "pdf"}
    assert [(fmt, o.text, o.place, o.context) for fmt, o in found.orphans()] == []
    assert all(sum(found.counts(fmt).values()) > 1500 for fmt in found.formats)


def contents(folder):
    """Content of every file, those inside archives too."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
        if path.suffix in (".docx", ".zip"):
            with zipfile.ZipFile(path) as archive:
                yield from ((f"{path.name}/{n}", archive.read(n)) for n in archive.namelist())


def test_no_path_of_this_machine_in_any_file(real, root):
    for name, data in contents(real[1].folder):
        for secret in (str(root).encode(), b"/tmp/", b"/home/"):
            assert secret not in data, (name, secret)


def test_links_of_word_and_page_lead_somewhere(real, word):
    anchors = set(word.element.xpath("//w:hyperlink/@w:anchor"))
    names = word.element.xpath("//w:bookmarkStart/@w:name")
    assert anchors <= set(names)
    assert len(names) == len(set(names))
    for doc in ("html", "annex"):
        page = real[1].files[doc].read_text("utf-8")
        targets, ids = re.findall(r'href="#([^"]*)"', page), re.findall(r' id="([^"]*)"', page)
        assert set(targets) <= set(ids)
        assert len(ids) == len(set(ids))


def test_figures_show_the_city_or_say_why_not(real, capsys):
    lang, result = real
    city, page = {"zh": "武汉市", "en": "Wuhan"}[lang], result.files["html"].read_text("utf-8")
    facts = [
        row for row in rows_of(result, "facts.csv") if row["kind"] in ("observation", "computed")
    ]
    of_city = [row["places"] for row in facts if row["region"] == "WH"]
    own = {found[0] for places in of_city for found in FIGURES.finditer(places)}
    told = dict(re.findall(r'(?s)class="label figure">(.+?)</span>(.+?)data:text/csv', page))
    with capsys.disabled():
        shown = len(own & {*told})
        print(f"\n{lang}: {shown} of {len(told)} figures show the city, the others say why not")
    assert len(told) == count(result, "figure")
    silent = [label for label, text in told.items() if label not in own and city not in text]
    assert silent == []


# --------------------------------------------------------------------------- HTML


VIEWS = {"desktop": (1280, 900, "html"), "phone": (320, 640, "html"), "annex": (1280, 900, "annex")}


@pytest.fixture(scope="module", params=VIEWS.values(), ids=VIEWS.keys())
def page(request, browser, real):
    width, height, doc = request.param
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.said, opened.asked, opened.doc = [], [], doc
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(real[1].files[doc].as_uri())
    opened.wait_for_function("document.fonts.status === 'loaded'")
    yield opened
    opened.close()


@pytest.mark.needs_browser
def test_page_asks_for_nothing_and_reports_no_error(page):
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1
    assert page.said == []


@pytest.mark.needs_browser
def test_page_does_not_scroll_sideways(page):
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.needs_browser
def test_page_shows_every_number_picture_and_table(page, real):
    lang, result = real
    sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(sizes) == count(result, "figure", page.doc)
    assert all(sizes), "a picture does not load"
    assert page.locator("main table").count() > count(result, "table", page.doc)
    text = page.locator("body").inner_text()
    check_text(lang, text, page.doc)
    flat = squeezed(text)
    assert [n for n in printed_numbers(result, page.doc) if n not in flat] == []


@pytest.mark.needs_browser
def test_only_the_bundled_font_is_used(page):
    family = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert family.startswith('"WhitePaper Sans SC"')
    assert page.evaluate("[...document.fonts].every(face => face.status === 'loaded')")


@pytest.mark.needs_browser
def test_page_is_marked_up_for_every_reader(page):
    assert page.locator("script").count() == 0
    assert page.locator("main, nav, header, footer").count() == 4
    assert page.locator("h1").count() == 1
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("img:not([alt]), img[alt='']").count() == 0


@pytest.mark.needs_browser
def test_no_barrier_of_level_a_or_aa(page):
    from axe_playwright_python.sync_playwright import Axe

    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": {"type": "tag", "values": levels}}
    if page.viewport_size["width"] < 1000:
        # Looking under thousands of texts takes nearly all of the time; colours do not depend
        # on the width, and the next test measures all of them at both.
        options["rules"] = {"color-contrast": {"enabled": False}}
    assert Axe().run(page, options=options).response["violations"] == []


@pytest.mark.needs_browser
def test_contrast_of_every_text_is_enough(page):
    assert page.evaluate(CONTRAST) == []


# --------------------------------------------------------------------------- PDF


def test_pdf_is_read_back(real, pdf):
    lang, result = real
    pages = [page.extract_text() for page in pdf.pages]
    text = squeezed("\n".join(pages))
    check_text(lang, "\n".join(pages))
    assert [number for number in printed_numbers(result) if number not in text] == []
    assert all(len(squeezed(page)) > 10 for page in pages), "an empty page"


def test_pdf_is_tagged_titled_and_in_its_language(real, pdf):
    catalog = pdf.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"].startswith(real[0])
    assert pdf.metadata.title
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = catalog["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2" in xmp
    assert "<pdfaid:conformance>A" in xmp
    assert "<pdfuaid:part>1" in xmp


def structure(reader, kind):
    """Elements of one kind in the structure tree of a PDF."""
    found, waiting = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, dict):
            kids = node.get("/K", [])
            kids = kids if isinstance(kids, list) else [kids]
            waiting += [kid for kid in kids if not isinstance(kid, int)]
            if node.get("/S") == kind:
                found.append(node)
    return found


def test_pdf_figures_have_alternative_text(real, pdf):
    alternatives = [node.get("/Alt", "") for node in structure(pdf, "/Figure")]
    assert len(alternatives) >= count(real[1], "figure")
    assert all(alternatives)


def test_pdf_has_bookmarks_and_page_numbers(real, pdf):
    bookmarks = [item.title for item in pdf.outline if not isinstance(item, list)]
    for title in titles(real[0]):
        assert any(squeezed(title) in squeezed(mark) for mark in bookmarks), title
    assert list(pdf.page_labels)[-1].isdigit()


def test_pdf_embeds_only_the_bundled_family_and_the_formula_font(pdf):
    names = set()
    for page in pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            names.add(str(inner["/BaseFont"]))
            descriptor = inner["/FontDescriptor"].get_object()
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
    assert names
    assert all("WhitePaperSansSC" in name or "Math" in name for name in names), names


# --------------------------------------------------------------------------- Word


def test_word_file_is_read_back(real, word):
    lang, result = real
    paragraphs = word.element.xpath("//w:p")
    text = "\n".join("".join(p.xpath(".//w:t/text()")) for p in paragraphs)
    check_text(lang, text)
    flat = squeezed(text)
    assert [number for number in printed_numbers(result) if number not in flat] == []
    assert len(word.tables) > count(result, "table")
    heads = [p.text for p in word.paragraphs if p.style.name == "Heading 1"]
    assert len(heads) == len(titles(lang)) + 1, "the sources are one more"


def test_word_tables_repeat_their_head_and_pictures_are_described(real, word):
    for table in word.tables:
        assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
        assert all(row._tr.xpath("./w:trPr/w:cantSplit") for row in table.rows)
        assert table._tbl.xpath("./w:tblPr/w:tblCaption/@w:val")[0]
    pictures = word.element.xpath("//wp:docPr/@descr")
    assert len(pictures) == count(real[1], "figure")
    assert all(pictures)


def test_word_page_is_a4_with_page_numbers(word):
    section = word.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert "PAGE" in section.footer._element.xml
    assert 'w:eastAsia="宋体"' in word.styles["Normal"].element.xml


@pytest.mark.needs_office
def test_office_converts_the_word_file_with_all_tables_and_figures(
    real, word, needs_program, tmp_path
):
    lang, result = real
    tagged = 'pdf:writer_pdf_Export:{"UseTaggedPDF":{"type":"boolean","value":"true"}}'
    # The bundled font alone, so that a machine without Chinese fonts shows the same letters.
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(
        f"<fontconfig><dir>{ASSETS / 'fonts'}</dir><cachedir>{tmp_path}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    subprocess.run(
        [needs_program("soffice"), "--headless",
         f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
         "--convert-to", tagged, "--outdir", str(tmp_path), str(result.files["docx"])],
        check=True, capture_output=True, timeout=300,
        env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
    )  # fmt: skip
    reader = pypdf.PdfReader(tmp_path / "paper.pdf")
    check_text(lang, "\n".join(page.extract_text() for page in reader.pages))
    assert len(structure(reader, "/Table")) == len(word.tables)
    drawn = [
        picture
        for page in reader.pages
        for picture in page["/Resources"].get("/XObject", {}).values()
        if picture.get_object()["/Subtype"] == "/Image"
    ]
    # A page may list pictures of other pages among its resources.
    assert len({picture.idnum for picture in drawn}) == count(result, "figure")


# --------------------------------------------------------------------------- editions and bytes


def test_editions_of_the_plan_are_rebuilt_and_graded_by_later_ones(built, records):
    kept = built("zh").folder
    made = sorted((read_edition(path) for path in records.iterdir()), key=lambda r: r.edition)
    assert [record.edition for record in made] == list(range(2021, 2026))
    assert [record.mode for record in made] == ["interim"] * 4 + ["final"]
    for record in made:
        assert (record.observations["published"] <= record.as_of).all()
        assert len(record.forecasts) > 100
    assert made[-1].to_json() == (kept / "edition.json").read_text(encoding="utf-8")
    assert read_edition(kept).forecasts_csv == made[-1].forecasts_csv, "the hash fits"
    graded = grade_forecasts(made)
    assert (graded["graded_in"] > graded["edition"]).all()
    assert set(graded["edition"]) == {2021, 2022, 2023, 2024}
    assert {"CN", "HB"} <= set(graded["region"])
    with (kept / "data" / "grades-edition.csv").open(encoding="utf-8-sig", newline="") as file:
        printed = {row[0]: int(row[1]) for row in list(csv.reader(file))[1:-1]}
    assert printed == {str(year): n for year, n in graded["edition"].value_counts().items()}


def hashes(folder):
    """SHA-256 of every file; times stand in the log alone."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "build-log.json"
    }


@pytest.mark.parametrize("lang", COMPARED)
def test_other_folder_zone_locale_and_hash_seed_give_the_same_bytes(built, lang, root, tmp_path):
    here = built(lang).folder
    folder = tmp_path / "elsewhere" / "项目 copy"
    for part in ("data/raw", "notebooks"):
        shutil.copytree(root / part, folder / part)
    environment = {
        **os.environ, "TZ": "Asia/Shanghai", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "42",
        "PYTHONPATH": str(root), "HOME": str(tmp_path), "SOURCE_DATE_EPOCH": "7",
    }  # fmt: skip
    command = [sys.executable, "-c", AGAIN, str(folder), lang]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert hashes(folder / "outputs" / here.name) == hashes(here)
