"""The HTML page in a real browser: no outside request, no error, no barrier, no sideways scroll."""

import pytest

pytestmark = [pytest.mark.needs_browser, pytest.mark.slow]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-default-apps",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser(needs_program):
    from playwright.sync_api import sync_playwright

    program = needs_program("chromium")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(params=[(1280, 900), (320, 640)], ids=["desktop", "phone"])
def page(request, browser, edition):
    width, height = request.param
    _, result = edition
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(result.files["html"].as_uri())
    opened.wait_for_function("document.fonts.status === 'loaded'")
    yield opened
    opened.close()


def test_page_asks_for_nothing_and_reports_no_error(page):
    outside = [url for url in page.asked if not url.startswith(("data:", "file:"))]
    assert outside == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1
    assert page.said == []


def test_page_does_not_scroll_sideways(page):
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide


def test_no_barrier_of_level_a_or_aa(page):
    from axe_playwright_python.sync_playwright import Axe

    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    options = {"runOnly": {"type": "tag", "values": levels}}
    found = Axe().run(page, options=options)
    assert found.response["violations"] == []


def test_only_the_bundled_font_is_used(page):
    family = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert family.startswith('"WhitePaper Sans SC"')
    assert page.evaluate("[...document.fonts].every(face => face.status === 'loaded')")


def test_number_shows_its_origin_on_hover_and_tap(page):
    fact = page.locator("main p .fact", has_text="98.3").first
    fact.scroll_into_view_if_needed()
    shown = "el => getComputedStyle(el, '::after').content"
    page.mouse.move(1, 1)
    assert fact.evaluate(shown) == "none"
    fact.focus()
    assert "row 7" in fact.evaluate(shown)
    assert fact.get_attribute("tabindex") == "-1"


def test_keyboard_reaches_every_source_in_few_steps(page):
    stops = page.evaluate(
        "[...document.querySelectorAll('main a[href^=\"#\"], main summary, main .scroll')].length"
    )
    facts = page.locator(".fact").count()
    assert facts > 60
    sources = page.locator("tr[id^=src-]").count()
    assert sources >= 2
    for target in page.locator("main a[href^='#src-']").evaluate_all(
        "links => [...new Set(links.map(link => link.getAttribute('href')))]"
    ):
        assert page.locator(target).count() == 1
    assert stops < facts * 2


def test_page_works_without_script(page):
    assert page.locator("script").count() == 0
    assert page.locator("main, nav, header, footer").count() == 4
    assert page.locator("h1").count() == 1
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("img:not([alt]), img[alt='']").count() == 0


def test_table_can_be_downloaded(page):
    link = page.locator(".sheet a[download]").first
    assert link.get_attribute("download") == "goals.csv"
    text = link.evaluate("link => fetch(link.href).then(answer => answer.text())")
    assert "95.1" in text
    assert len(text.splitlines()) == 61
