"""The fixture edition, read back from all three formats."""

import hashlib
import io
import json
import re
import subprocess
import zipfile

import docx
import pypdf
import pytest

KNOWN = {
    "zh": ["武汉市质量白皮书", "要点", "第一个主题", "食品抽检合格率为98.3%", "基期值与判定",
           "口径见附录。", "资料来源", "目录", "武汉市质量发展“十四五”规划"],
    "en": ["Quality White Paper", "In brief", "The first subject", "The food pass rate is 98.3%",
           "Baselines and verdicts", "Sources", "Contents"],
}  # fmt: skip


def squeezed(text):
    """Text without white space: a PDF breaks lines where it likes."""
    return re.sub(r"\s+|\u200b", "", text)


@pytest.fixture(scope="session")
def pdf(edition):
    lang, result = edition
    return lang, pypdf.PdfReader(result.files["pdf"])


@pytest.fixture(scope="session")
def word(edition):
    lang, result = edition
    return lang, docx.Document(str(result.files["docx"]))


def test_pdf_holds_the_known_sentences(pdf):
    lang, reader = pdf
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


@pytest.mark.needs_pdf
def test_another_reader_sees_the_same_text(edition, needs_program):
    lang, result = edition
    command = [needs_program("pdftotext"), str(result.files["pdf"]), "-"]
    text = squeezed(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


def test_pdf_is_tagged_titled_and_in_its_language(pdf):
    lang, reader = pdf
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"].startswith(lang)
    assert reader.metadata.title
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = catalog["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2" in xmp
    assert "<pdfaid:conformance>A" in xmp
    assert "<pdfuaid:part>1" in xmp


def test_pdf_figures_have_alternative_text(pdf):
    _, reader = pdf
    found = []

    def walk(node):
        node = node.get_object()
        if isinstance(node, dict):
            if node.get("/S") == "/Figure":
                found.append(node.get("/Alt", ""))
            kids = node.get("/K", [])
            for kid in kids if isinstance(kids, list) else [kids]:
                if not isinstance(kid, int):
                    walk(kid)

    walk(reader.trailer["/Root"]["/StructTreeRoot"])
    assert found
    assert all(found)


def test_pdf_has_bookmarks_and_page_labels(pdf):
    lang, reader = pdf
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    numbered = "第1章" if lang == "zh" else "Chapter 1"
    assert any(title.startswith(numbered) for title in titles), titles
    labels = list(reader.page_labels)
    assert "i" in labels
    assert labels[-1].isdigit()


def test_pdf_embeds_only_the_bundled_family_and_the_formula_font(pdf):
    _, reader = pdf
    names = set()
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            names.add(str(inner["/BaseFont"]))
            descriptor = inner["/FontDescriptor"].get_object()
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
    assert all("WhitePaperSansSC" in name or "Math" in name for name in names), names


def test_word_holds_the_known_sentences(word):
    lang, document = word
    text = squeezed(document.element.xpath("string(//w:body)"))
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence


def test_word_has_real_styles_and_fields(word):
    lang, document = word
    by_style = {}
    for paragraph in document.paragraphs:
        by_style.setdefault(paragraph.style.name, []).append(paragraph.text)
    assert len(by_style["Heading 1"]) == 3
    assert by_style["Heading 2"]
    label = "表1-1" if lang == "zh" else "Table 1-1"
    assert by_style["Table Caption"][0].startswith(label)
    assert by_style["Image Caption"]
    xml = document.element.xml
    assert " SEQ table_1 " in xml
    assert r' TOC \o "1-2" ' in xml
    contents = [text for style in ("toc 1", "toc 2") for text in by_style[style]]
    assert len(contents) >= 4


def test_word_tables_repeat_their_head_and_pictures_are_described(word):
    _, document = word
    assert document.tables
    for table in document.tables:
        assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
        assert table._tbl.xpath("./w:tblPr/w:tblCaption/@w:val")[0]
    pictures = document.element.xpath("//wp:docPr/@descr")
    assert pictures
    assert all(pictures)


def test_word_page_is_a4_with_page_numbers(word):
    _, document = word
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert "PAGE" in section.footer._element.xml
    assert 'w:eastAsia="宋体"' in document.styles["Normal"].element.xml


def test_links_of_word_and_page_lead_somewhere(edition, word):
    _, document = word
    anchors = set(document.element.xpath("//w:hyperlink/@w:anchor"))
    names = document.element.xpath("//w:bookmarkStart/@w:name")
    assert anchors <= set(names)
    assert len(names) == len(set(names))
    page = edition[1].files["html"].read_text("utf-8")
    targets, ids = re.findall(r'href="#([^"]*)"', page), re.findall(r' id="([^"]*)"', page)
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.needs_office
@pytest.mark.slow
def test_office_opens_the_word_file(edition, needs_program, tmp_path):
    lang, result = edition
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        [needs_program("soffice"), "--headless", f"-env:UserInstallation={profile}",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(result.files["docx"])],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    reader = pypdf.PdfReader(tmp_path / "white-paper.pdf")
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    for sentence in KNOWN[lang]:
        assert squeezed(sentence) in text, sentence
    # A page may list pictures of other pages among its resources.
    images = {image.data for page in reader.pages for image in page.images}
    assert len(images) == result.figures


def test_no_path_of_this_machine_in_any_file(edition, project, root):
    _, result = edition
    secrets = [str(project).encode(), str(root).encode(), b"/tmp/", b"/home/"]
    for path in result.folder.rglob("*"):
        if not path.is_file():
            continue
        content = [path.read_bytes()]
        if path.suffix in (".docx", ".zip"):
            with zipfile.ZipFile(io.BytesIO(content[0])) as archive:
                content = [archive.read(name) for name in archive.namelist()]
        for data in content:
            for secret in secrets:
                assert secret not in data, (path.name, secret)


def test_record_names_inputs_outputs_and_no_time(edition):
    lang, result = edition
    record = json.loads((result.folder / "build.json").read_text(encoding="utf-8"))
    assert record["parameters"]["lang"] == lang
    assert [c["id"] for c in record["chapters"]] == ["90_second", "10_first", "sources"]
    for name, digest in record["outputs"].items():
        assert hashlib.sha256((result.folder / name).read_bytes()).hexdigest() == digest
    assert "data/raw/published_figures/observations.csv" in record["inputs"]
    assert "notebooks/10_first.ipynb" in record["inputs"]
    assert "seconds" not in json.dumps(record)
    log = json.loads((result.folder / "build-log.json").read_text(encoding="utf-8"))
    assert set(log["steps"]) == {"10_first", "90_second", "html", "pdf", "docx"}


def test_data_pack_holds_every_table_and_figure(edition):
    _, result = edition
    with zipfile.ZipFile(result.files["data"]) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        goals = archive.read("data/goals.csv").decode("utf-8-sig")
    expected = {"contents.csv", "facts.csv", "goals.csv", "sources.csv", "trend.csv"}
    assert {name.removeprefix("data/") for name in names} == expected
    assert {path.name for path in (result.folder / "data").iterdir()} == expected
    assert len(goals.splitlines()) == 61
    assert "95.1" in goals


def test_executed_notebooks_are_kept_and_clean(edition):
    _, result = edition
    book = json.loads((result.folder / "notebooks" / "10_first.ipynb").read_text("utf-8"))
    assert "papermill" not in book["metadata"]
    assert all(not set(cell["metadata"]) - {"tags"} for cell in book["cells"])
