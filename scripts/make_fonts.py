"""Cut the bundled fonts from Noto Sans CJK and give them a name of their own.

Run once, when the character set changes; the results are committed. Inputs are two
Debian packages: ``fonts-noto-cjk`` (the fonts, SIL Open Font License 1.1) and
``unicode-data`` (the property kTGH of the Unihan database: the Table of General
Standard Chinese Characters of 2013)::

    python scripts/make_fonts.py --fonts <noto folder> --unihan <Unihan_OtherMappings.txt.bz2>

The family gets a name of its own because a reader's installed Noto would otherwise be
picked at random; the licence reserves only the name "Source", which is not used.
"""

from __future__ import annotations

import argparse
import bz2
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FAMILY = "WhitePaper Sans SC"
POSTSCRIPT = "WhitePaperSansSC"
FACE = 2  # number of the Simplified Chinese face inside the collection
OUT = Path(__file__).resolve().parents[1] / "wqa" / "assets" / "fonts"
FEATURES = ["kern", "palt", "halt", "pwid", "vert", "locl", "ccmp", "mark", "calt"]
# Blocks wanted whole, as far as the source has them: Latin, spacing letters, Greek,
# punctuation, super- and subscripts, currency, letterlike, number forms, arrows, operators,
# enclosed numbers, boxes, shapes, signs, CJK punctuation, kana and units, full-width forms.
BLOCKS = [
    (0x20, 0x17F), (0x1CD, 0x1DC), (0x2B0, 0x2FF), (0x370, 0x3FF), (0x2000, 0x206F),
    (0x2070, 0x209F), (0x20A0, 0x20BF), (0x2100, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF),
    (0x2300, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x25FF), (0x2600, 0x27BF), (0x3000, 0x30FF),
    (0x3200, 0x33FF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0xFFFD, 0xFFFD),
]  # fmt: skip


def characters(unihan: Path) -> set[int]:
    """Code points wanted: GB 2312, the general standard table, and the blocks above.

    The first level of JIS X 0208 is in, because titles of Japanese sources are cited.
    """
    wanted = {code for first, last in BLOCKS for code in range(first, last + 1)}
    for encoding, last in (("gb2312", 0xF7), ("euc_jp", 0xCF)):
        for row in range(0xA1, last + 1):
            for cell in range(0xA1, 0xFF):
                text = bytes([row, cell]).decode(encoding, "ignore")
                wanted |= {ord(char) for char in text}
    text = bz2.decompress(unihan.read_bytes()).decode("utf-8")
    wanted |= {int(code, 16) for code in re.findall(r"^U\+([0-9A-F]+)\tkTGH\t", text, re.M)}
    return wanted


def rename(font: TTFont, style: str) -> None:
    """Give the face its own family name everywhere a program may look."""
    table = font["name"]
    licence = {key: table.getDebugName(key) for key in (0, 5, 8, 9, 10, 11, 12, 13, 14)}
    table.names = []
    names = licence | {
        1: FAMILY,
        2: style,
        3: f"2.004;{POSTSCRIPT}-{style}",
        4: f"{FAMILY} {style}" if style != "Regular" else FAMILY,
        6: f"{POSTSCRIPT}-{style}",
    }
    for key, value in sorted(names.items()):
        if value:
            table.setName(value, key, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = [f"{POSTSCRIPT}-{style}"]
    top = cff[0]
    top.FullName, top.FamilyName = names[4], FAMILY
    for part in top.FDArray:
        part.FontName = re.sub(r"^NotoSansCJKjp", POSTSCRIPT, part.FontName)


def cut(collection: Path, style: str, wanted: set[int]) -> Path:
    """Subset one weight and write it."""
    font = TTCollection(collection).fonts[FACE]
    font.recalcTimestamp = False  # same input, same bytes
    options = subset.Options(
        layout_features=FEATURES, hinting=False, name_IDs=["*"], name_languages=[0x409],
        notdef_outline=True, recalc_timestamp=False, glyph_names=False,
        drop_tables=["DSIG", "VORG", "BASE"],
    )  # fmt: skip
    worker = subset.Subsetter(options)
    worker.populate(unicodes=wanted)
    worker.subset(font)
    rename(font, style)
    target = OUT / f"{POSTSCRIPT}-{style}.otf"
    font.save(target)
    return target


def main() -> None:
    """Write both weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fonts", type=Path, required=True, help="folder of NotoSansCJK-*.ttc")
    parser.add_argument("--unihan", type=Path, required=True, help="Unihan_OtherMappings.txt.bz2")
    arguments = parser.parse_args()
    wanted = characters(arguments.unihan)
    OUT.mkdir(parents=True, exist_ok=True)
    for style in ("Regular", "Bold"):
        target = cut(arguments.fonts / f"NotoSansCJK-{style}.ttc", style, wanted)
        count = len(TTFont(target).getBestCmap())
        print(f"{target.name}: {count} characters, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
