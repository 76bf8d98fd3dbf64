"""Make ``wqa/assets/reference.docx``: the styles and page set-up of the Word edition.

Run once, when the design changes; the result is committed. It starts from Pandoc's own
reference file, so that every style name Pandoc uses is there::

    python scripts/make_reference_docx.py
"""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import zipfile
from pathlib import Path

import docx
import pypandoc
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

OUT = Path(__file__).resolve().parents[1] / "wqa" / "assets" / "reference.docx"
INK, ACCENT = RGBColor(0x1F, 0x29, 0x33), RGBColor(0x0B, 0x4F, 0x8A)
QUIET = RGBColor(0x52, 0x60, 0x6D)
# Fonts that Word has on a Chinese system; other programs replace them by what they have.
BODY, HEAD = ("Times New Roman", "宋体"), ("Arial", "黑体")


def fonts(style, names):
    """Set Latin and East Asian font of a style."""
    properties = style.element.get_or_add_rPr()
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    element = OxmlElement("w:rFonts")
    for key, name in (("ascii", 0), ("hAnsi", 0), ("cs", 0), ("eastAsia", 1)):
        element.set(qn(f"w:{key}"), names[name])
    properties.insert(0, element)


def style(document, name, based="Normal", *, kind=WD_STYLE_TYPE.PARAGRAPH):
    """Return a style; make it if it is not there."""
    try:
        found = document.styles[name]
    except KeyError:
        found = document.styles.add_style(name, kind)
    if based and kind == WD_STYLE_TYPE.PARAGRAPH:
        found.base_style = document.styles[based]
    return found


def shape(
    document,
    name,
    *,
    size,
    names=BODY,
    bold=False,
    colour=INK,
    before=0,
    after=0,
    align=WD_ALIGN_PARAGRAPH.LEFT,
    line=1.0,
    based="Normal",
    keep=False,
    indent=None,
):
    """Set the usual properties of a paragraph style."""
    found = style(document, name, based)
    fonts(found, names)
    found.font.size, found.font.bold, found.font.italic = Pt(size), bold, False
    found.font.color.rgb = colour
    form = found.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line
    form.alignment, form.keep_with_next = align, keep
    if indent is not None:
        # Word refuses properties out of order, so the element is made by the library.
        element = found.element.get_or_add_pPr().get_or_add_ind()
        element.set(qn("w:firstLineChars"), str(indent * 100))
        element.set(qn("w:firstLine"), str(int(indent * size * 20)))
    return found


def borders(found, **sides):
    """Give a paragraph style borders: side = (eighths of a point, colour, space)."""
    properties = found.element.get_or_add_pPr()
    for old in properties.findall(qn("w:pBdr")):
        properties.remove(old)
    frame = OxmlElement("w:pBdr")
    for side, (size, colour, space) in sides.items():
        line = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", size), ("space", space), ("color", colour)):
            line.set(qn(f"w:{key}"), str(value))
        frame.append(line)
    # The schema wants borders before shading, tabs and spacing.
    successors = (
        "w:shd",
        "w:tabs",
        "w:suppressAutoHyphens",
        "w:kinsoku",
        "w:wordWrap",
        "w:overflowPunct",
        "w:topLinePunct",
        "w:autoSpaceDE",
        "w:autoSpaceDN",
        "w:bidi",
        "w:adjustRightInd",
        "w:snapToGrid",
        "w:spacing",
        "w:ind",
        "w:contextualSpacing",
        "w:mirrorIndents",
        "w:suppressOverlap",
        "w:jc",
        "w:textDirection",
        "w:textAlignment",
        "w:textboxTightWrap",
        "w:outlineLvl",
        "w:divId",
        "w:cnfStyle",
        "w:rPr",
        "w:sectPr",
        "w:pPrChange",
    )
    properties.insert_element_before(frame, *successors)
    return properties


def table_style(document):
    """Make the three-line table of Chinese print."""
    document.styles.element.append(
        parse_xml(
            f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="WhitePaperTable">'
            '<w:name w:val="White Paper Table"/><w:basedOn w:val="TableNormal"/><w:qFormat/>'
            '<w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:color="1F2933"/>'
            '<w:bottom w:val="single" w:sz="8" w:color="1F2933"/>'
            '<w:insideH w:val="single" w:sz="4" w:color="B8C2CC"/></w:tblBorders>'
            '<w:tblCellMar><w:top w:w="36" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>'
            '<w:bottom w:w="36" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar>'
            "</w:tblPr>"
            '<w:tcPr><w:vAlign w:val="center"/></w:tcPr>'
            '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr><w:tcBorders>'
            '<w:bottom w:val="single" w:sz="6" w:color="1F2933"/></w:tcBorders>'
            '<w:shd w:val="clear" w:color="auto" w:fill="F4F6F9"/></w:tcPr></w:tblStylePr>'
            "</w:style>"
        )
    )


def page_number(section):
    """Put a centred page number into the footer, and none on the title page."""
    section.different_first_page_header_footer = True
    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind in ("begin", "code", "separate", "shown", "end"):
        run = line.add_run("1" if kind == "shown" else "")
        run.font.size = Pt(9)
        if kind == "code":
            code = OxmlElement("w:instrText")
            code.text = " PAGE "
            run._r.append(code)
        elif kind != "shown":
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def running_head(section):
    """Show the title of the chapter at the top of each page but the first."""
    line = section.header.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    found = parse_xml(
        f"<w:fldSimple {nsdecls('w')} w:instr=' STYLEREF \"heading 1\" '><w:r><w:rPr>"
        '<w:color w:val="52606D"/><w:sz w:val="17"/></w:rPr><w:t xml:space="preserve"> </w:t>'
        "</w:r></w:fldSimple>"
    )
    line._p.append(found)


def main():
    """Write the reference file."""
    original = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"],
        check=True,
        capture_output=True,
    ).stdout
    document = docx.Document(io.BytesIO(original))
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(20)  # widths of tables are made for it
        section.top_margin, section.bottom_margin = Mm(27), Mm(24)
        page_number(section)
        running_head(section)
    language = document.styles.element.find(f".//{qn('w:lang')}")
    language.set(qn("w:val"), "zh-CN")  # Pandoc sets the language of the English paper
    language.set(qn("w:eastAsia"), "zh-CN")
    both = WD_ALIGN_PARAGRAPH.JUSTIFY
    centre = WD_ALIGN_PARAGRAPH.CENTER
    shape(document, "Normal", size=10.5, based="", line=1.5)
    for name in ("Body Text", "First Paragraph"):
        shape(
            document,
            name,
            size=10.5,
            align=both,
            line=1.5,
            before=0,
            after=3,
            indent=2,
            based="Normal" if name == "Body Text" else "Body Text",
        )
    shape(document, "Compact", size=10.5, line=1.4, based="Body Text", indent=0)
    shape(document, "Title", size=30, names=HEAD, bold=True, colour=ACCENT, before=80, after=18)
    shape(document, "Subtitle", size=15, names=HEAD, before=0, after=36)
    shape(document, "Edition", size=13, names=HEAD, colour=QUIET, after=4)
    shape(document, "Preface", size=9, colour=QUIET, before=40, align=both, line=1.4)
    one = shape(
        document, "Heading 1", size=20, names=HEAD, bold=True, colour=ACCENT, after=16, keep=True
    )
    one.paragraph_format.page_break_before = True
    borders(one, bottom=(10, "0B4F8A", 6))
    shape(document, "Heading 2", size=14, names=HEAD, bold=True, before=16, after=8, keep=True)
    shape(document, "Heading 3", size=12, names=HEAD, bold=True, before=12, after=6, keep=True)
    shape(document, "Heading 4", size=10.5, names=HEAD, bold=True, before=10, after=4, keep=True)
    for name in ("Table Caption", "Image Caption"):
        shape(
            document,
            name,
            size=9.5,
            names=HEAD,
            bold=True,
            align=centre,
            before=8,
            after=5,
            based="Normal",
            keep=True,
        )
    shape(document, "Figure", size=10.5, align=centre, before=10, keep=True)
    # Exact, because a font that stands in for a missing one may be much taller.
    pitch = Pt(11)
    for name in ("Table Text", "Table Text Kept"):
        shape(document, name, size=9, line=pitch, keep=name.endswith("Kept"))
    shape(
        document, "Table Head", size=9, names=HEAD, bold=True, align=centre, line=pitch, keep=True
    )
    shape(document, "Table Note", size=8.5, colour=QUIET, line=1.1, before=2, keep=True)
    shape(document, "Table Source", size=8.5, colour=QUIET, line=1.1, before=2, after=12)
    remark = shape(document, "Remark", size=10, line=1.4, before=8, after=8)
    shade = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", "FDF8EC")):
        shade.set(qn(f"w:{key}"), value)
    borders(remark, left=(18, "B7791F", 8)).find(qn("w:pBdr")).addnext(shade)
    shape(
        document,
        "TOC Heading",
        size=16,
        names=HEAD,
        bold=True,
        colour=ACCENT,
        before=18,
        after=8,
        keep=True,
    )
    for name, size, bold, left in (
        ("toc 1", 10.5, True, 0),
        ("toc 2", 10.5, False, 18),
        ("table of figures", 10, False, 0),
    ):
        entry = shape(document, name, size=size, bold=bold, before=4 if bold else 0, line=1.3)
        entry.paragraph_format.left_indent = Pt(left)
        entry.paragraph_format.tab_stops.add_tab_stop(Mm(170), 2, 1)  # right, dotted
    for name in ("Hyperlink",):
        document.styles[name].font.color.rgb = ACCENT
    table_style(document)
    document.core_properties.author = ""
    moment = dt.datetime(2000, 1, 1)
    document.core_properties.created = document.core_properties.modified = moment
    buffer = io.BytesIO()
    document.save(buffer)
    # Pandoc copies the times of parts it does not touch into every Word file.
    with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(OUT, "w") as target:
        for name in made.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            target.writestr(entry, made.read(name), zipfile.ZIP_DEFLATED, 9)
    print(f"{OUT.name}: {OUT.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
