"""The real edition: no number without record, and equal bytes under other conditions.

Takes minutes; collected with WQA_REAL_EDITION=1 only (see docs/decisions/042).
"""

import os
import subprocess
import sys

import pytest
from test_reproducible import hashes

from wqa.publication.paper import build_paper
from wqa.publication.scanner import scan

pytestmark = pytest.mark.slow
OTHER = """
import sys
from wqa.publication.paper import build_paper
build_paper(edition=2025, lang="zh", root=sys.argv[1], out=sys.argv[2])
"""


@pytest.fixture(scope="module")
def real(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("real")
    done = {}

    def make(lang):
        if lang not in done:
            done[lang] = build_paper(edition=2025, lang=lang, root=root, out=out)
        return done[lang]

    return make


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_real_edition_holds_no_number_without_record(real, lang):
    found = scan(real(lang).folder)
    assert set(found.formats) == {"html", "docx", "pdf"}
    assert [(fmt, o.text, o.place, o.context) for fmt, o in found.orphans()] == []
    assert all(sum(found.counts(fmt).values()) > 3000 for fmt in found.formats)


def test_real_edition_is_equal_under_other_conditions(real, root, tmp_path):
    here = real("zh")
    environment = {
        **os.environ, "TZ": "Asia/Shanghai", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "42",
        "PYTHONPATH": str(root), "SOURCE_DATE_EPOCH": "7",
    }  # fmt: skip
    out = tmp_path / "项目 other"
    command = [sys.executable, "-c", OTHER, str(root), str(out)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert hashes(out / here.folder.name) == hashes(here.folder)
