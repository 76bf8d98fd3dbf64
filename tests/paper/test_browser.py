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


def test_keyboard_reaches_the_origin_of_every_number_in_few_steps(page):
    stops = page.evaluate(
        "[...document.querySelectorAll('main')].flatMap(main => "
        "[...main.querySelectorAll('a, summary, [tabindex=\"0\"]')]).length"
    )
    facts = page.locator(".fact").count()
    assert facts > 60
    # Running text: the number itself is a stop. Tables: the row leads to its sources.
    assert page.locator("main p .fact[tabindex='0']").count() > 0
    assert page.locator("td .fact[tabindex='0']").count() == 0
    assert page.locator("tbody tr:has(.fact):not(:has(a))").count() == 0
    # Each source leads to the list of numbers that were taken from it.
    sources = page.locator("tr[id^=src-]").count()
    assert sources >= 2
    assert page.locator("tr[id^=src-] a[href*='#numbers-']").count() == sources
    assert page.locator("details[id^=numbers-] li").count() >= sources
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
