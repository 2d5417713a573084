"""The report in a real browser, Debian's Chromium, which must log nothing and request nothing."""

import json
import shutil

import pandas as pd
import pytest
from playwright.sync_api import sync_playwright
from support.made_results import HOSTILE, write_results, write_tables

from analysis.report import page as page_module
from analysis.report.page import write_report
from analysis.store.results import Results

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)
PATIENCE = 120_000
"""Milliseconds to wait: the machine may be busy."""
WIDTHS = {"phone": (390, 844), "tablet": (1024, 768), "desk": (1440, 900)}

ANSWERS = {
    "iraq": {
        "items": [["NUCLEAR TESTS", "2001-11", 0.4], ["EMBARGO", "2002-11", 0.1], ["ALIKE", "2000-12", 0.2]],
        "answers": {"GBR": "yny", "PRK": "nay", "USA": "n.y"},
    }
}
"""Made-up answers to three resolutions: real ones are not the project's to pass on."""


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    results = write_results(folder / "results", rename={"TUV": HOSTILE})
    write_tables(results, folder / "output")
    loaded = Results.load("main", results=results, output=folder / "output")
    panel = loaded.panel
    numbers = {"expected": 0.4, "surprise": 1.3, "pareto_k": 0.2, "difference": 0.3}
    for name, mean in (("with_guarantee", 0.6), ("without_guarantee", 0.3)):
        numbers |= {name: mean, f"{name}_lower": mean - 0.1, f"{name}_upper": mean + 0.1}
    rows = [
        {"case": case, "state": state} | numbers
        for case in panel["case"].values
        for state in panel["state"].values
    ]
    pd.DataFrame(rows).to_csv(loaded.folder / "predictions_by_state.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "list_answers", lambda results: json.loads(json.dumps(ANSWERS)))
        return write_report(loaded, folder / "output" / "report.html")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, report):
    """Opens the report. The browser must log no message and request nothing but the file itself."""
    pages, heard = [], []

    def open_it(width: str = "desk", scheme: str = "light", address: str = "", **more):
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        page = browser.new_page(viewport=size, color_scheme=scheme, **more)
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url.partition("#")[0]))
        page.goto(report.as_uri() + address)
        page.wait_for_selector("body[data-drawn]")
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()
    assert [text for text in heard if not text.startswith(("data:", "blob:"))] == [report.as_uri()] * len(
        pages
    )
