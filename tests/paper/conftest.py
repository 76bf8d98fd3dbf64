"""The fixture edition: built once per language and opened by many tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conftest_paper import books, make_project


@pytest.fixture(scope="session")
def project(tmp_path_factory, root):
    return make_project(tmp_path_factory.mktemp("project"), books(), root)


@pytest.fixture(scope="session")
def build(project):
    """Function that builds the fixture edition; the same call is built once."""
    from wqa.publication.paper import build_paper

    done = {}

    def make(lang="zh", out="outputs"):
        if (lang, out) not in done:
            done[lang, out] = build_paper(
                edition=2025, lang=lang, root=project, catalog=project / "catalog",
                out=project / out,
            )  # fmt: skip
        return done[lang, out]

    return make


@pytest.fixture(scope="session", params=["zh", "en"])
def edition(request, build):
    """The fixture edition in each language."""
    return request.param, build(request.param)


@pytest.fixture(scope="module")
def browser(needs_program):
    """A browser that asks the net for nothing by itself."""
    from playwright.sync_api import sync_playwright

    quiet = [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        "--disable-component-update", "--disable-sync", "--disable-default-apps",
    ]  # fmt: skip
    program = needs_program("chromium")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=quiet)
        yield opened
        opened.close()
