import ast
import functools
import json
import re

import pytest

from wqa.display import wording
from wqa.display.facts import Fact, plain
from wqa.display.wording import (
    in_sentence,
    listed,
    say,
    scope_name,
    slots_of,
    term,
    unit_after,
    with_unit,
)
from wqa.errors import CatalogError

# Chinese text uses full-width marks; a half-width one beside a Chinese character is a slip.
HALF_WIDTH = re.compile("[一-鿿][,;:!?()]|[,;!?()][一-鿿]")


def test_every_text_stands_in_both_languages():
    for file in wording.FILES:
        for key, both in wording.texts(file).items():
            assert set(both) == {"zh", "en"}, (file, key)
            assert all(isinstance(text, str) for text in both.values()), (file, key)


def test_chinese_uses_full_width_punctuation():
    slips = [
        (file, key)
        for file in wording.FILES
        for key, both in wording.texts(file).items()
        if HALF_WIDTH.search(both["zh"])
    ]
    assert slips == []


def test_english_texts_hold_no_chinese():
    slips = [
        (file, key)
        for file in wording.FILES
        for key, both in wording.texts(file).items()
        if re.search("[一-鿿，。；：（）]", both["en"])
    ]
    assert slips == []


def test_sentences_hold_no_digit_and_the_same_slots():
    for key, both in wording.texts("sentences").items():
        assert not re.search(r"\d", both["zh"] + both["en"]), key
        zh, en = slots_of(both["zh"]), slots_of(both["en"])
        assert zh <= en or en <= zh, key


def test_points_and_percent_are_not_mixed():
    """A change of a rate is in percentage points, never in per cent."""
    for direction in ("rose", "fell"):
        both = wording.texts("sentences")[f"change.{direction}_points"]
        assert "个百分点" in both["zh"] and "%" not in both["zh"] + both["en"]


def test_binding_and_expected_are_worded_differently():
    for lang in ("zh", "en"):
        binding = wording.texts("sentences")["answer.binding"][lang]
        expected = wording.texts("sentences")["answer.expected"][lang]
        assert binding != expected
        assert ("约束性" in binding) == (lang == "zh")
        assert ("binding" in binding.lower()) == (lang == "en")


def test_answers_have_words_of_their_own_and_signs_that_differ_in_shape():
    from wqa.assessment.judging import ANSWERS
    from wqa.assessment.statements import phrase
    from wqa.display.judgements import SIGNS
    from wqa.publication.fonts import missing_glyphs

    for lang in ("zh", "en"):
        assert len({phrase("answers", answer)[lang] for answer in ANSWERS}) == len(ANSWERS)
    assert tuple(SIGNS) == ANSWERS
    assert len(set(SIGNS.values())) == len(ANSWERS)
    assert missing_glyphs("".join(SIGNS.values()) + "■□") == set()


def test_unknown_key_and_language_are_named():
    with pytest.raises(CatalogError, match=r"unknown text.*no\.such"):
        term("no.such", "zh")
    with pytest.raises(CatalogError, match="unknown language"):
        term("nature.binding", "fr")


def test_say_fills_slots():
    n = Fact("n", 3, "3")
    assert plain(say("sample.batches", "en", n=n)) == " (3 batches sampled)"
    with pytest.raises(CatalogError, match="not filled"):
        say("sample.batches", "en")


def test_every_scope_of_the_data_has_a_name():
    import pandas as pd

    from wqa.paths import CATALOG

    scopes = set(pd.read_csv(CATALOG / "scopes.csv")["scope"])
    nameless = [scope for scope in sorted(scopes) if scope_name(scope, "zh") == scope]
    assert nameless == []


@pytest.mark.parametrize(
    ("scope", "zh", "en"),
    [
        ("all_levels", "各级抽检合计", "all levels"),
        (
            "all_reported@registered",
            "全部上报事故，登记总量",
            "all reported accidents, registered stock",
        ),
        ("routine_94_parameters", "例行监测94项参数", "routine monitoring, 94 parameters"),
        (
            "tea_routine_94_parameters",
            "茶叶例行监测94项参数",
            "tea, routine monitoring, 94 parameters",
        ),
        ("office_2031", "office_2031", "office_2031"),
    ],
)
def test_scope_names(scope, zh, en):
    assert (scope_name(scope, "zh"), scope_name(scope, "en")) == (zh, en)


def test_units_stand_as_languages_ask():
    assert unit_after("pct", "en") == "%"
    assert unit_after("batch", "zh") == "批次"
    assert unit_after("batch", "en") == " batches"
    assert unit_after("", "en") == ""
    assert not re.search(r"\d", unit_after("per_10k_units", "en"))
    assert plain(with_unit(Fact("a", 4.38, "4.38", unit="certificate_10k"), "zh")) == "4.38万张"


def test_names_inside_english_sentences():
    assert in_sentence("Food sampling pass rate", "en") == "food sampling pass rate"
    assert in_sentence("Wuhan famous products", "en") == "Wuhan famous products"
    assert in_sentence("GDP per head", "en") == "GDP per head"
    assert in_sentence("合格率", "zh") == "合格率"


def test_lists():
    assert str(listed(["甲", "乙", "丙"], "zh")) == "甲、乙、丙"
    assert str(listed(["a", "b", "c"], "en")) == "a, b and c"
    assert str(listed(["a"], "en")) == "a"


def strings_of_the_code(root):
    """Plain strings of library and notebooks, and f-strings as tuples of parts (None: a slot)."""
    sources = [path.read_text(encoding="utf-8") for path in (root / "wqa").rglob("*.py")]
    for path in (root / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    plain, slotted = set(), set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain.add(node.value.replace(" ", "_"))
            elif isinstance(node, ast.JoinedStr):
                parts = ast.iter_child_nodes(node)
                slotted.add(tuple(p.value if isinstance(p, ast.Constant) else None for p in parts))
    return plain, slotted


def spells(parts, text, fills):
    """Whether parts make a text when each slot is filled by one of some words, or by nothing."""
    if not parts:
        return not text
    if parts[0] is not None:
        rest = text.removeprefix(parts[0])
        return len(rest) < len(text) and spells(parts[1:], rest, fills)
    cuts = range(len(text) + 1)
    return any((not n or fills(text[:n])) and spells(parts[1:], text[n:], fills) for n in cuts)


def test_every_key_is_used(root):
    """A key stands in the code whole, or an f-string makes it out of words that stand there."""
    plain, slotted = strings_of_the_code(root)
    inner = [parts for parts in slotted if "_" in parts and "." not in "".join(filter(None, parts))]
    inner += [parts for parts in slotted if parts[0] == "count_"]
    outer = [parts for parts in slotted if parts[0] and re.fullmatch(r"[a-z]+\.\w*", parts[0])]

    @functools.cache
    def fills(word):
        return word in plain or any(spells(parts, word, plain.__contains__) for parts in inner)

    suffixed = [parts for parts in slotted if parts[0] is None and parts[1:] == ("s",)]
    dead = [
        key
        for file in ("sentences", "terms")
        for key in wording.texts(file)
        if key not in plain and not any(spells(parts, key, fills) for parts in outer)
        if not any(spells(parts, key, plain.__contains__) for parts in suffixed)
    ]
    assert dead == []
