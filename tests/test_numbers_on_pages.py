"""No page says a number about robustness, sizes or shares that is not read from a published table.

A page is README, a page of documentation, or text that the report writes. Three rules:

- a sentence about variants or fits has only numbers that the one function finds in ``sensitivity.csv``;
- an estimate with its interval, ``35 (21 to 49)``, is a row of a published table;
- no text in the code of the report has such a number written into it.
"""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.pipeline.robustness import EFFECTS, POINTS, measure_robustness, tabulate_robustness
from analysis.studies.sensitivity.page import write_page
from analysis.variants.table import MAIN

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT / "analysis" / "output" / "published"
BEFORE = PUBLISHED / "before"
"""Tables of the main analysis before the present one, where those on variants have not been made anew."""
PAGES = [
    *("README.md", "analysis/README.md", "data/README.md", "models/README.md"),
    *("models/docs/effects.md", "models/docs/checks.md", "models/docs/claims.md", "models/docs/coalition.md"),
]
"""Pages that may speak of results. The lab book and pages on simulations or elicited limits have others."""
CASES = {"Iraq": "iraq", "ISIS": "isis", "both": "pooled", "pooled": "pooled"}
ROBUST = re.compile(r"\bvariants\b|\bdistinct fits\b|\bother fits\b|\bcodings and models\b")
SILENT = re.compile(
    r"`[^`]*`|\]\([^)]*\)"  # code and links
    r"|\b0\.[09]5\b|\b[89]0 %"  # the limits of a verdict, the level of intervals
    r"|\b[0-9a-f]{7}\b|\d{4}-\d\d-\d\d|\b(?:19|20)\d\d\b"  # commits, dates, years
    r"|\bstage \d|\b\d+ draws|(?:^|\s)\d+\.(?=\s|$)"  # stages, draws, numbers of a list
)
"""What has digits and says nothing about robustness."""
NAMED = {f"{name} effect": name for name in sorted(EFFECTS, key=len, reverse=True)}
NAMED |= {"effect on alignment": "alignment", "slope of alignment": "slope of alignment"}
"""Effects by the words that name them in a sentence."""
NUMBER = r"[-\N{MINUS SIGN}+]?\d+(?:\.\d+)?"
ESTIMATE = re.compile(rf"(?<![\w.])({NUMBER}) \(({NUMBER}) to ({NUMBER})\)")
IN_CODE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) ?(points|percentage points|%|percent|variants|fits|codings)")


@cache
def read(name: str) -> pd.DataFrame:
    """Return a published table."""
    return pd.read_csv(next(path for path in (PUBLISHED / name, BEFORE / name) if path.is_file()))


def split_sentences(text: str) -> list[tuple[int, str]]:
    """Return the sentences of a page outside of its blocks of code, with the line in which each begins."""
    found, start = [], 0
    for end in re.finditer(r"(?<=[.:?])\s+(?=[A-Z*|])|\n\s*\n|\n(?=[|#-])", text + "\n\n"):
        sentence = " ".join(text[start : end.start()].split())
        if sentence and not text[start:].startswith("    "):
            found.append((text.count("\n", 0, start) + 1, sentence))
        start = end.end()
    return found


def to_float(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def digits(text: str) -> int:
    return len(text.partition(".")[2])


def find_unread(sentence: str) -> list[str]:
    """Return the numbers of a sentence on robustness that the function does not find, with what it finds.

    The sentence is about one effect and one case; the total effect and both coalitions if it names none.
    """
    if not ROBUST.search(sentence):
        return []
    plain = SILENT.sub("", sentence)
    numbers = re.findall(r"(?<![\w.])" + NUMBER + r"(?![\w])", plain)
    if not numbers:
        return []
    effect = next((effect for words, effect in NAMED.items() if words in plain), "total")
    case = next((code for name, code in CASES.items() if name in plain), "pooled")
    found = measure_robustness(read("sensitivity.csv"), effect, case)
    scale = 100 if effect in POINTS else 1
    known = [found.variants, found.cannot_move, found.fits, found.failed, found.positive, 100 * found.share]
    known += [scale * value for value in (found.main, found.lowest, found.highest)]
    table = read("sensitivity.csv")
    main = table[(table["variant"] == "main") & (table["case"] == case)].set_index("quantity")
    quantity = EFFECTS[effect].format("pact")
    if quantity not in main.index:
        return [f"sensitivity.csv has no {effect} effect"]
    row = main.loc[quantity]
    known += [scale * row["lower"], scale * row["upper"]]
    return [
        f"{text} is none of the numbers of the {effect} effect, {case}: {found}"
        for text in numbers
        if not any(abs(to_float(text) - value) <= 0.5 * 10.0 ** -digits(text) + 1e-9 for value in known)
    ]


@cache
def list_estimates() -> pd.DataFrame:
    """Return every estimate with its interval in the published tables, and where it is."""
    tables = []
    for path in sorted(PUBLISHED.rglob("*.csv")):
        table = pd.read_csv(path)
        names = next(
            (n for n in (("mean", "lower", "upper"), ("value", "lower", "upper")) if {*n} <= {*table}), None
        )
        if names:
            numbers = table[list(names)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
            tables.append(pd.DataFrame(numbers, columns=["mean", "lower", "upper"]).assign(file=path.name))
    return pd.concat(tables, ignore_index=True)


def find_estimate(texts: tuple[str, str, str]) -> str:
    """Return the published table that has an estimate with its interval, in points or in its own unit."""
    known = list_estimates()
    numbers, rounding = np.array([*map(to_float, texts)]), 0.5 * 10.0 ** -max(map(digits, texts))
    values = known[["mean", "lower", "upper"]].to_numpy()
    for scale in (100, 1, -100, -1):
        ordered = values if scale > 0 else values[:, [0, 2, 1]]
        near = (np.abs(scale * ordered - numbers) <= rounding + 1e-9).all(1)
        if near.any():
            return known["file"][near.argmax()]
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_sentences_on_robustness_are_read_from_the_table_of_variants(page):
    sentences = split_sentences((ROOT / page).read_text(encoding="utf-8"))
    lost = [f"{page}:{line}: {why}" for line, sentence in sentences for why in find_unread(sentence)]
    assert not lost, "\n".join(lost)


@pytest.mark.parametrize("page", PAGES)
def test_estimates_with_intervals_are_rows_of_published_tables(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    lost = [
        f"{page}:{text.count(chr(10), 0, found.start()) + 1}: {found.group()} is in no published table"
        for found in ESTIMATE.finditer(text)
        if not find_estimate(found.groups())
    ]
    assert not lost, "\n".join(lost)


def list_texts(source: str) -> list[tuple[int, str]]:
    """Return the texts that a module may write, without docstrings, and their lines."""
    tree = ast.parse(source)
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]


def find_written(source: str) -> list[tuple[int, str]]:
    """Return numbers of points, percent, variants or fits that are written into texts of a module."""
    found = [(line, match.group()) for line, text in list_texts(source) for match in IN_CODE.finditer(text)]
    return [(line, number) for line, number in found if number not in ("90 %", "90%")]


def test_the_report_writes_no_number_that_it_does_not_read():
    folders = ("analysis/report", "analysis/studies/sensitivity", "analysis/posterior")
    written = {
        f"{path.relative_to(ROOT)}:{line}": number
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, number in find_written(path.read_text(encoding="utf-8"))
    }
    assert not written


def test_the_published_page_is_made_from_the_published_table(tmp_path):
    table = read("sensitivity.csv")
    write_page(table, [MAIN], {}, tmp_path)
    for name in ("sensitivity.md", "sensitivity_axes.csv", "robustness.csv"):
        assert (tmp_path / name).read_text() == (BEFORE / name).read_text(), name


def test_a_wrong_number_is_told_with_its_place():
    total = measure_robustness(read("sensitivity.csv"))
    right = f"In {total.positive} of {total.fits} distinct fits the pooled total effect is positive."
    assert not find_unread(right)
    assert not find_unread(f"{total.cannot_move} of {total.variants} variants cannot move it.")
    assert not find_unread(
        f"Over these variants it goes from {100 * total.lowest:.0f} to {100 * total.highest:.0f}."
    )
    # A number that is right for one effect is wrong for another.
    indirect = measure_robustness(read("sensitivity.csv"), "indirect", "isis")
    assert not find_unread(
        f"For ISIS the indirect effect holds in {indirect.positive} of {indirect.fits} distinct fits."
    )
    assert find_unread(
        f"For ISIS the indirect effect holds in {total.positive} of {total.fits} distinct fits."
    )
    wrong = find_unread(
        f"In {total.variants + 1} variants the total effect is positive in {total.positive} cases."
    )
    assert len(wrong) == 1
    assert wrong[0].startswith(f"{total.variants + 1} is none of the numbers of the total effect, pooled")
    page = "One line.\n\nA text of\ntwo lines. In 999 variants it is positive.\n"
    assert split_sentences(page)[-1] == (4, "In 999 variants it is positive.")


def test_estimates_are_found_and_made_up_ones_are_not():
    effects = read("effects.csv")
    row = effects[(effects["quantity"] == "ame_pact_total") & (effects["case"] == "pooled")].iloc[0]
    texts = tuple(f"{100 * row[name]:.0f}" for name in ("mean", "lower", "upper"))
    assert find_estimate(texts)
    assert not find_estimate(("57", "3", "58"))
    assert ESTIMATE.findall("42 (24 to 60) and 0.68 (-0.53 to 0.82)") == [
        ("42", "24", "60"),
        ("0.68", "-0.53", "0.82"),
    ]
    assert find_written('"""35 points in a docstring."""\nx = f"between 21 points and {y} %"') == [
        (2, "21 points")
    ]
    told = set(tabulate_robustness(read("sensitivity.csv"))["effect"])
    assert {"total", "direct", "indirect", "alignment"} <= told <= set(EFFECTS)
