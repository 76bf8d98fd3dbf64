"""The real edition, built once from end to end and read back as readers do.

The whole paper in Chinese; in English the summary and two chapters.
"""

import csv
import re
import subprocess

import docx
import pypdf
import pytest

from wqa.plans.catalog import load_plan
from wqa.publication.chapters import load_outline
from wqa.publication.paper import build_paper

pytestmark = pytest.mark.slow
PARTS = {
    "zh": None,
    "en": ["90_summary", "11_special_equipment_safety", "30_forecast_attainment"],
}
# What must never be printed: missing values, empty slots, references that lead nowhere.
NEVER = re.compile(r"\bnan\b|\bNone\b|\binf\b|@(fig|tbl|ch):|[{}]|〓|\ufffd|Traceback")
FIGURES = re.compile(r"(图|Figure )[\w-]+")


def squeezed(text):
    """Text without white space, with one kind of minus: data files use the keyboard's."""
    return re.sub(r"\s+|[\u200b\u00ad]", "", text).replace("\N{MINUS SIGN}", "-")


@pytest.fixture(scope="module", params=["zh", "en"])
def real(request, tmp_path_factory, root):
    lang = request.param
    out = tmp_path_factory.mktemp(f"real-{lang}")
    return lang, build_paper(
        plan="wuhan-14fyp", region="WH", edition=2025, lang=lang, only=PARTS[lang],
        root=root, out=out,
    )  # fmt: skip


def titles(lang):
    """Titles of the chapters built."""
    return [
        getattr(chapter, f"title_{lang}")
        for chapter in load_outline(None).chapters
        if PARTS[lang] is None or chapter.id in PARTS[lang]
    ]


def check_text(lang, text):
    """The text holds every chapter and every target, and nothing that went wrong."""
    found = NEVER.search(text)
    assert not found, text[max(found.start() - 60, 0) : found.end() + 60]
    flat = squeezed(text)
    for title in titles(lang):
        assert squeezed(title) in flat, title
    for target in load_plan("wuhan-14fyp").targets:
        assert squeezed(getattr(target, f"name_{lang}")) in flat, target.id


def printed_numbers(result):
    """Every number of texts and tables as it must be printed; a figure is a picture."""
    with (result.folder / "data" / "facts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {squeezed(row["text"]) for row in rows if FIGURES.sub("", row["places"]).strip()}


def test_edition_is_whole(real):
    lang, result = real
    assert result.chapters == len(titles(lang)) + 1, "the annex of sources is one more"
    assert result.figures >= (20 if lang == "zh" else 4)
    assert result.tables >= (25 if lang == "zh" else 5)
    assert len(printed_numbers(result)) > 100


@pytest.mark.needs_browser
def test_page_opens_in_a_browser(real, needs_program):
    from playwright.sync_api import sync_playwright

    lang, result = real
    said, asked = [], []
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=needs_program("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(result.files["html"].as_uri())
        page.wait_for_function("document.fonts.status === 'loaded'")
        sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        tables = page.locator("main table").count()
        sideways = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        text = page.locator("body").inner_text()
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert len(sizes) == result.figures
    assert all(sizes), "a picture does not load"
    assert tables >= result.tables
    assert not sideways
    check_text(lang, text)
    flat = squeezed(text)
    assert [number for number in printed_numbers(result) if number not in flat] == []


def test_pdf_is_read_back(real):
    lang, result = real
    reader = pypdf.PdfReader(result.files["pdf"])
    pages = [page.extract_text() for page in reader.pages]
    text = squeezed("\n".join(pages))
    check_text(lang, "\n".join(pages))
    assert [number for number in printed_numbers(result) if number not in text] == []
    bookmarks = [item.title for item in reader.outline if not isinstance(item, list)]
    assert len(bookmarks) >= len(titles(lang))
    assert all(len(squeezed(page)) > 10 for page in pages), "an empty page"


def test_word_file_is_read_back(real):
    lang, result = real
    document = docx.Document(str(result.files["docx"]))
    paragraphs = document.element.xpath("//w:p")
    text = "\n".join("".join(p.xpath(".//w:t/text()")) for p in paragraphs)
    check_text(lang, text)
    flat = squeezed(text)
    assert [number for number in printed_numbers(result) if number not in flat] == []
    assert len(document.tables) >= result.tables
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert len(heads) == result.chapters


@pytest.mark.needs_office
def test_office_converts_the_word_file(real, needs_program, tmp_path):
    lang, result = real
    subprocess.run(
        [needs_program("soffice"), "--headless",
         f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(result.files["docx"])],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    reader = pypdf.PdfReader(tmp_path / "white-paper.pdf")
    check_text(lang, "\n".join(page.extract_text() for page in reader.pages))
