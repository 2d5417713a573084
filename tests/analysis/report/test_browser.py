"""The report in a real browser: wide and narrow, light and dark, by keyboard, and on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.made_results import HOSTILE

WIDTHS = {"phone": 390, "tablet": 1024, "desk": 1440}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scheme"), [*((width, "light") for width in WIDTHS), ("phone", "dark"), ("desk", "dark")]
)
def test_it_fits_draws_and_has_no_serious_fault_of_access(open_page, width, scheme):
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width]
    charts = page.locator(".chart")
    assert charts.count() > 10
    empty = page.evaluate(
        "[...document.querySelectorAll('.chart')].filter((c) => c.querySelectorAll('path').length < 3).length"
    )
    assert empty == 0
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTHS[width]
    hidden = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1)"
        ".map((e) => e.getAttribute('aria-label'))"
    )
    assert hidden == []
    # All rows of a table are alike: checking a few of each takes a tenth of the time.
    page.evaluate("document.querySelectorAll('tbody tr:nth-child(n+6)').forEach((row) => row.remove())")
    found = Axe().run(page).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []


def test_nothing_is_white_in_the_dark(open_page):
    page = open_page("desk", "dark")
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    white = page.evaluate(
        "[...document.querySelectorAll('body *')].filter((e) => getComputedStyle(e).backgroundColor "
        "=== 'rgb(255, 255, 255)' && getComputedStyle(e).filter === 'none').map((e) => "
        "e.outerHTML.slice(0, 80))"
    )
    assert white == []


def test_axe_sees_a_fault(browser):
    page = browser.new_page()
    page.set_content("<img src='data:,'><p style='color:#ccc;background:#fff'>pale</p>")
    found = {violation["id"] for violation in Axe().run(page).response["violations"]}
    page.close()
    assert {"image-alt", "color-contrast"} <= found


@pytest.mark.parametrize("width", ["tablet", "desk"])
def test_the_first_screen_has_the_answer_and_its_cards(open_page, width):
    page = open_page(width)
    bottoms = page.evaluate(
        "[...document.querySelectorAll('.verdict, .card .big')].map((e) => e.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) == 5
    assert max(bottoms) <= page.viewport_size["height"]


def test_on_a_phone_the_first_screen_has_the_answer_in_numbers(open_page):
    page = open_page("phone")
    assert page.locator(".verdict").bounding_box()["y"] < 400
    box = page.locator(".verdict p").last.bounding_box()
    assert box["y"] + box["height"] < 844
    assert re.search(r"\d+ percentage points \(\d+ to \d+\)", page.inner_text(".verdict"))


def visible_states(page) -> list[str]:
    return page.locator("#states tbody tr:visible th").all_inner_texts()


def test_search_and_filters_leave_the_states_that_fit_and_pick_them_out(open_page):
    page = open_page()
    everybody = visible_states(page)
    page.fill("#search", "pola")
    assert visible_states(page) == ["Poland"]
    assert page.inner_text("#count") == f"1 of {len(everybody)} states"
    named = page.locator("#chart-positions-iraq svg text", has_text="Poland")
    named.first.wait_for(state="attached")
    page.fill("#search", "")
    page.select_option("#by-level", "rio")
    assert 15 < len(visible_states(page)) < 30
    page.select_option("#by-region", "Africa")
    assert visible_states(page) == []
    page.select_option("#by-region", "")
    page.select_option("#by-level", "")
    assert visible_states(page) == everybody


def test_columns_sort_both_ways_by_keyboard_and_say_so(open_page):
    page = open_page()
    heading = page.locator("#states thead th", has_text="Iraq 2003: alignment")
    values = (
        "[...document.querySelectorAll('#states tbody tr')]"
        ".map((r) => r.cells[2].dataset.s ?? r.cells[2].textContent)"
    )
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    found = page.evaluate(values)
    numbers = [float(value) for value in found if value]
    assert numbers == sorted(numbers)
    assert found[len(numbers) :] == [""] * (len(found) - len(numbers))
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [float(value) for value in page.evaluate(values) if value] == numbers[::-1]
    names = page.locator("#states thead th").first
    names.locator("button").click()
    assert page.locator("#states th[aria-sort]").count() == 1
    assert visible_states(page)[0].startswith(("<img", "Afghanistan"))


def test_hovering_shows_interval_guarantee_and_both_coalitions(open_page):
    page = open_page()
    marks = page.locator("#chart-positions-iraq svg .mark-rect path")
    marks.nth(40).scroll_into_view_if_needed()
    marks.nth(40).hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    shown = page.inner_text("#vg-tooltip-element")
    for text in ("alignment", " to ", "guarantee", "joined Iraq 2003", "joined ISIS 2014-17"):
        assert text in shown


def test_markup_in_a_name_is_text(open_page):
    page = open_page()
    page.fill("#search", "tuvalu")
    assert visible_states(page) == [HOSTILE]
    page.wait_for_function(
        "document.querySelector('#chart-positions-iraq svg').textContent.includes('Tuvalu')"
    )
    # Only the project's own pictures have this class. The name must not have made another.
    assert page.locator("img:not(.drawn)").count() == 0
    assert page.title() == "Does a US security guarantee buy diplomatic legitimacy?"


def count_pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page[^s]", pdf))


def test_it_prints_on_four_to_eight_pages_that_stand_alone(open_page):
    page = open_page(scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#contents").is_hidden()
    for part in (
        ".verdict",
        ".why",
        "#figure-headline",
        "#method .equation",
        "#figure-maps",
        "#provenance",
        "footer",
    ):
        assert page.locator(part).first.is_visible(), part
    pdf = page.pdf(format="A4")
    assert 4 <= count_pages(pdf) <= 8
