"""What a reader does with the HTML page: hover, tap, keyboard, download.

Barriers, contrast, width and outside requests are tested on the real edition.
"""

import pytest

pytestmark = [pytest.mark.needs_browser, pytest.mark.slow]


@pytest.fixture(params=[(1280, 900), (320, 640)], ids=["desktop", "phone"])
def page(request, browser, edition):
    width, height = request.param
    _, result = edition
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.goto(result.files["html"].as_uri())
    opened.wait_for_function("document.fonts.status === 'loaded'")
    yield opened
    opened.close()


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


def test_table_can_be_downloaded(page):
    link = page.locator(".sheet a[download]").first
    assert link.get_attribute("download") == "goals.csv"
    text = link.evaluate("link => fetch(link.href).then(answer => answer.text())")
    assert "95.1" in text
    assert len(text.splitlines()) == 61
