"""From files of results to one page that opens anywhere: no request leaves it."""

from functools import cache
from pathlib import Path

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.figures.style import LEVEL_COLOURS, OTHER_COLOUR
from analysis.report.blocks import Chart, Explorer, Folded, Section
from analysis.report.sections.checks import build_checks
from analysis.report.sections.claims import build_claims
from analysis.report.sections.data import build_data
from analysis.report.sections.effects import build_effects, headline_chart
from analysis.report.sections.further import build_paths
from analysis.report.sections.positions import build_positions
from analysis.report.sections.propagation import build_propagation
from analysis.report.sections.provenance import build_provenance
from analysis.report.sections.sensitivity import build_sensitivity
from analysis.report.verdict import choice_card, effect_card, sure_card, verdict_sentence
from analysis.store.files import write_text
from analysis.store.results import Results

TEMPLATES = Environment(
    loader=PackageLoader("analysis.report", "template"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
"""Everything is escaped but what is ``Markup``: names and notes come from files that anybody may edit."""


def write_report(results: Results, path: Path) -> Path:
    """Write the report of a variant.

    Parameters
    ----------
    results : Results
        What its run and the commands after it have written.
    path : Path
        The page; replaced as a whole.

    Returns
    -------
    Path
        ``path``.
    """
    write_text(render_report(results), path)
    return path


def render_report(results: Results) -> str:
    """The page as text."""
    sections = [
        build_data(results),
        build_positions(results),
        build_effects(results),
        build_checks(results),
        build_sensitivity(results),
        build_propagation(results),
        build_claims(results),
        build_paths(results),
        build_provenance(results),
    ]
    headline = headline_chart(results)
    return TEMPLATES.get_template("page.html.j2").render(
        results=results,
        answer=verdict_sentence(results),
        cards=[effect_card(results), sure_card(results), choice_card(results)],
        headline=headline,
        sections=sections,
        charts=_specs([headline, *_walk(sections)]),
        states=next((block.keys for block in _walk(sections) if isinstance(block, Explorer)), []),
        colours={**LEVEL_COLOURS, "other": OTHER_COLOUR},
        style=_own_file("page.css"),
        script=_own_file("page.js"),
        vega=_vega(),
    )


def _walk(sections: list[Section]) -> list:
    found = []
    for section in sections:
        for block in section.blocks:
            found += block.blocks if isinstance(block, Folded) else [block]
    return found


def _specs(blocks: list) -> dict[str, dict]:
    return {block.name: block.spec for block in blocks if isinstance(block, Chart)}


@cache
def _vega() -> Markup:
    """Vega-Lite and all it needs, as one script; no text of ours or of the data is in it."""
    return Markup(vl_convert.javascript_bundle())


def _own_file(name: str) -> Markup:
    """A file of this folder, which needs no escaping."""
    return Markup((Path(__file__).parent / "template" / name).read_text(encoding="utf-8"))
