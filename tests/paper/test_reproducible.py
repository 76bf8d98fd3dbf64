"""Two builds of the same inputs differ in nothing but recorded times."""

import hashlib
import os
import subprocess
import sys

import pytest
from conftest_paper import books, make_project

CODE = """
import sys
from wqa.publication.paper import build_paper
root = sys.argv[1]
build_paper(edition=2025, lang="zh", root=root, catalog=f"{root}/catalog")
"""


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "build-log.json"
    }


@pytest.mark.slow
def test_other_folder_zone_locale_and_hash_seed_give_the_same_bytes(build, tmp_path, root):
    here = build("zh")
    folder = make_project(tmp_path / "elsewhere" / "项目 copy", books(), root)
    environment = {
        **os.environ, "TZ": "Asia/Shanghai", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "42",
        "PYTHONPATH": str(root), "HOME": str(tmp_path), "SOURCE_DATE_EPOCH": "7",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", CODE, str(folder)], check=True, env=environment, cwd=tmp_path
    )
    there = folder / "outputs" / here.folder.name
    assert hashes(there) == hashes(here.folder)
