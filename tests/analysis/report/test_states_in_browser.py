"""Finding states, their pages, maps, years and downloads in a real browser."""

import re

import pytest


def shown_states(page) -> list[str]:
    return page.locator("#states tbody tr:visible th").all_inner_texts()


ALIASES = {
    "UK": "United Kingdom",
    "USA": "United States",
    "Türkiye": "Turkey",
    "turkiye": "Turkey",
    "Czechia": "Czech Republic",
    "ivory coast": "Ivory Coast",
    "DPRK": "North Korea",
    "holland": "Netherlands",
}


def test_states_are_found_by_any_of_their_names(open_page):
    page = open_page()
    found = {}
    for asked in ALIASES:
        page.fill("#search", asked)
        found[asked] = page.locator("#hits a").first.inner_text()
    assert found == ALIASES


def test_the_search_is_within_five_tab_stops_and_opens_a_state_by_keyboard(open_page):
    page = open_page()
    focused = ""
    for _ in range(5):
        page.keyboard.press("Tab")
        focused = focused if focused == "search" else page.evaluate("document.activeElement.id")
        if focused == "search":
            break
    assert focused == "search"
    page.keyboard.type("uk")
    page.keyboard.press("Enter")
    page.wait_for_selector("#state-page h4")
    assert page.url.endswith("#state=GBR")
    assert page.inner_text("#state-page h4") == "United Kingdom"
    # The page goes there when the chart of the state is drawn.
    page.wait_for_function("document.querySelector('#state-page').getBoundingClientRect().y < 900")


def test_the_page_of_a_state_has_its_promises_positions_and_both_coalitions(open_page):
    page = open_page(address="#state=GBR")
    page.wait_for_selector("#state-page .chart svg")
    told = page.inner_text("#state-page")
    texts = (
        "Iraq 2003: alignment",
        "ISIS 2014-17: joined",
        "Source:",
        "joins with probability 40 %",
        "with its guarantee 60 (50 to 70) %, without one 30 (20 to 40) %",
    )
    for text in texts:
        assert text in told, text
    assert re.search(r"North Atlantic Treaty, \d{4}-\d{2}-\d{2} to now", told)


def test_two_states_are_compared_with_the_resolutions_on_which_they_differ(open_page):
    page = open_page(address="#state=GBR,PRK")
    page.wait_for_selector("#state-page table")
    assert page.locator("#state-page h4").all_inner_texts()[:2] == ["United Kingdom", "North Korea"]
    assert "same answer on 33 % of 3" in page.inner_text("#state-page")
    rows = page.locator("#state-page tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["NUCLEAR TESTS", "EMBARGO"]
    assert rows[0].split("\t")[2:] == ["yes", "no"]
    page.select_option("#state-two", "")
    assert page.url.endswith("#state=GBR")


def test_maps_show_what_is_picked_side_by_side_and_open_a_state(open_page):
    page = open_page()
    for case in ("iraq", "isis"):
        assert page.locator(f"[data-map={case}] .place").count() > 185
    tops = [page.locator(f"[data-map={case}]").bounding_box()["y"] for case in ("iraq", "isis")]
    assert tops[0] == tops[1]
    poland = page.locator("[data-map=iraq] [data-state=POL] rect")
    by_alignment = poland.get_attribute("fill")
    page.check("input[value=guarantee]")
    assert page.locator("[data-map=iraq] [data-state=POL] rect").get_attribute("fill") != by_alignment
    page.check("input[value=expected]")
    assert "25 % to 50 %" in page.inner_text(".map-legend")
    page.check("input[value=world]")
    assert page.locator("[data-map=iraq] [data-state=POL] path").count() == 1
    assert page.locator("[data-map=iraq] [data-state=TUV] circle").count() == 1
    page.locator("[data-map=isis] [data-state=AUS]").hover()
    assert "Australia: alignment" in page.inner_text("#map-tip")
    page.locator("[data-map=isis] [data-state=AUS]").click()
    assert page.url.endswith("#state=AUS")
    page.fill("#search", "poland")
    assert page.locator("[data-map=iraq] .place:not(.faded)").count() == 1


CONTRASTS = """() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255);
    const [r, g, b] = parts.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const fill = (element) => light(getComputedStyle(element).fill);
  return [...document.querySelectorAll(".map .place")].map((place) => {
    const [paper, ink] = [fill(place.querySelector("rect")), fill(place.querySelector("text"))];
    const found = (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
    return [place.dataset.state, Math.round(100 * found) / 100];
  });
}"""
"""States of the tiles, each with the contrast of its letters."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_on_the_map_can_be_read(open_page, scheme):
    page = open_page(scheme=scheme)
    for measure in ("alignment", "guarantee", "joined", "expected"):
        page.check(f"input[value={measure}]")
        found = page.evaluate(CONTRASTS)
        assert len(found) > 370
        assert [(state, ratio) for state, ratio in found if ratio < 4.5] == [], measure


def test_years_show_the_states_that_are_picked(open_page):
    page = open_page()
    assert "United States" in page.locator("#chart-positions-iraq svg").text_content()
    axis = page.locator("#chart-paths svg").text_content()
    assert "1960" in axis
    assert "Suez, Hungary" in axis
    names = page.locator(".picked button")
    before = names.count()
    lines = page.locator("#chart-paths .mark-line path").count()
    page.get_by_label("Remove United Kingdom").click()
    assert names.count() == before - 1
    page.wait_for_function(f"document.querySelectorAll('#chart-paths .mark-line path').length < {lines}")
    page.select_option("#add-state", "GBR")
    assert names.last.inner_text().startswith("United Kingdom")


def save(page, tmp_path, what: str):
    with page.expect_download() as waited:
        page.locator(what).click()
    path = tmp_path / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def test_charts_maps_and_tables_are_saved(open_page, tmp_path):
    page = open_page(scheme="dark", accept_downloads=True)
    for name in ("headline", "positions-iraq", "maps"):
        drawn, picture, table = (
            save(page, tmp_path, f"#figure-{name} [data-save={kind}]") for kind in ("svg", "png", "csv")
        )
        assert [path.name for path in (drawn, picture, table)] == [
            f"{name}.{k}" for k in ("svg", "png", "csv")
        ]
        assert "var(--" not in drawn.read_text()
        assert "Source: run main" in drawn.read_text()
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size > 10_000
        rows = table.read_text().splitlines()
        assert len(rows) > 5
        assert "lower" in rows[0]
    path = save(page, tmp_path, ".explorer .save-table")
    assert path.read_text().startswith("State,Region,")


def test_a_screen_reader_gets_the_words_of_a_chart_and_not_its_marks(open_page):
    page = open_page()
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    heard = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n.get("ignored")]
    names = [name for role, name in heard if role in ("image", "img")]
    assert any(name.startswith("Effects of a guarantee in percentage points: Iraq") for name in names)
    assert any(name.startswith("Maps of all states. Iraq 2003: ") for name in names)
    assert any(name.startswith("Causal graph.") for name in names)
    assert "" not in names
    assert len(names) > 10
    assert not {role for role, _ in heard if role.lower().startswith("graphics")}


def test_a_tap_shows_what_hovering_shows(open_page):
    page = open_page("phone", has_touch=True)
    marks = page.locator("#chart-positions-iraq svg .mark-rect path")
    marks.nth(40).scroll_into_view_if_needed()
    marks.nth(40).tap()
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "alignment" in page.inner_text("#vg-tooltip-element")
    page.locator("[data-map=iraq] [data-state=IND]").tap()
    assert "India: alignment" in page.inner_text("#map-tip")


def test_contents_stay_in_view_and_say_where_the_reader_is(open_page):
    page = open_page()
    page.locator("#contents-list a", has_text="Joining with a guarantee and without").click()
    page.wait_for_function("document.querySelector('#contents a[aria-current]').hash === '#effects'")
    assert page.locator("#contents").bounding_box()["y"] == 0
    narrow = open_page("phone")
    assert narrow.locator("#contents-list").is_hidden()
    narrow.click("#contents-toggle")
    assert narrow.locator("#contents-list a").count() > 8
    assert narrow.locator("#contents-toggle").get_attribute("aria-expanded") == "true"


def test_figures_are_numbered_in_order(open_page):
    page = open_page()
    numbers = page.evaluate(
        "[...document.querySelectorAll('figcaption b')].map((b) => parseInt(b.textContent.slice(7)))"
    )
    assert numbers == list(range(1, len(numbers) + 1))
