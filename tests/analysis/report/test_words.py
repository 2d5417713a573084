"""The page of the published results in words: findings before details, and no more than was found."""

import re
from html import unescape

import pytest

from analysis.report.page import render_report
from analysis.report.published import load_published

CLAIMS = re.compile(
    r"\b(adds|raised|raises|boosts?|bought|brings? (a state|states)|leads? to|(it|that) did more)\b", re.I
)
"""Words that say of an estimate that the guarantee did something."""


def take_text(html: str) -> str:
    """Text of some HTML, one space between words."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(load_published())


@pytest.fixture(scope="module")
def shown(page) -> str:
    """The page without what is folded, without scripts and without marks in charts."""
    body = page[page.index("<body") :]
    for kind in ("script", "style", "svg"):
        body = re.sub(rf"<{kind}.*?</{kind}>", " ", body, flags=re.S)
    while "<details" in body:
        body, count = re.subn(r"<details(?:(?!<details).)*?</details>", " ", body, flags=re.S)
        assert count
    return body


def test_every_caption_begins_with_a_finding(page):
    captions = [take_text(html) for html in re.findall(r"<figcaption>(.*?)</figcaption>", page, re.S)]
    assert len(captions) > 15
    first = [re.sub(r"^Figure \d+\. ", "", caption).partition(". ")[0] for caption in captions]
    # A number that is not a year of a coalition, or who stands out; the causal graph has its own sentence.
    found = re.compile(r"\d+ (of|points|%|sd)|\d+\.\d|: .*\d|nearest to|furthest|adds|best: |\d+ and|may act")
    assert [sentence for sentence in first if not found.search(sentence)] == []


def test_no_sentence_claims_more_than_the_model(shown):
    text = take_text(shown)
    assert len(text) > 5000
    around = [text[max(0, m.start() - 60) : m.end() + 40] for m in CLAIMS.finditer(text)]
    assert around == []


def test_no_code_stands_in_a_sentence(shown):
    sentences = [take_text(html) for html in re.findall(r"<(?:p|dd|dt|figcaption|h3)[ >].*?</", shown, re.S)]
    assert len(sentences) > 50
    named = re.compile(r"`|\b[a-z]+_[a-z_]+\b(?!\.csv)")
    assert [sentence for sentence in sentences if named.search(sentence)] == []


def test_hints_are_commands_that_work_as_printed(shown):
    hints = re.findall(r"<p class=\"missing\">(.*?)</p>", shown, re.S)
    assert [hint for hint in hints if "sfl" in hint and "uv run sfl " not in hint] == []
    assert not re.search(r"\((?:Run )?sfl ", take_text(shown))
