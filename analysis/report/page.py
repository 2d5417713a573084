"""Make one page from the files of results. It opens in any browser and makes no network request."""

from functools import cache
from pathlib import Path

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.figures.style import LEVEL_COLOURS, OTHER_COLOUR
from analysis.report.blocks import Chart, Explorer, Folded, Section
from analysis.report.caveats import list_caveats
from analysis.report.sections.acts import build_acts
from analysis.report.sections.checks import build_checks
from analysis.report.sections.claims import build_claims
from analysis.report.sections.data import build_data
from analysis.report.sections.effects import build_effects, headline_chart
from analysis.report.sections.further import build_paths
from analysis.report.sections.notes import build_notes
from analysis.report.sections.positions import build_positions
from analysis.report.sections.propagation import build_propagation
from analysis.report.sections.provenance import build_provenance
from analysis.report.sections.sensitivity import build_sensitivity
from analysis.report.verdict import choice_card, effect_card, path_card, sure_card, verdict_sentence
from analysis.store.files import write_text
from analysis.store.results import Results

TEMPLATES = Environment(
    loader=PackageLoader("analysis.report", "template"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
"""Escapes everything but ``Markup``, because names and notes come from files that anybody may edit."""
CARDS = (effect_card, sure_card, path_card, choice_card)


def write_report(results: Results, path: Path) -> Path:
    """Write the report of a variant.

    Parameters
    ----------
    results : Results
        Results of its run and of the commands after it.
    path : Path
        File to write. It is replaced only when the page is complete.

    Returns
    -------
    Path
        ``path``.
    """
    write_text(render_report(results), path)
    return path


def render_report(results: Results) -> str:
    """Return the page as HTML."""
    sections = [
        build_data(results),
        build_notes(results),
        build_positions(results),
        build_effects(results),
        build_checks(results),
        build_sensitivity(results),
        build_propagation(results),
        build_claims(results),
        build_acts(results),
        build_paths(results),
        build_provenance(results),
    ]
    headline = headline_chart(results)
    blocks = [headline, *_list_blocks(sections)]
    return TEMPLATES.get_template("page.html.j2").render(
        results=results,
        answer=verdict_sentence(results),
        cards=[card for make in CARDS if (card := make(results))],
        caveats=list_caveats(results),
        headline=headline,
        sections=sections,
        charts={block.name: block.spec for block in blocks if isinstance(block, Chart)},
        states=next((block.keys for block in blocks if isinstance(block, Explorer)), []),
        colours={**LEVEL_COLOURS, "other": OTHER_COLOUR},
        style=_own_file("page.css"),
        script=_own_file("page.js"),
        vega=_vega(),
    )


def _list_blocks(sections: list[Section]) -> list:
    """All blocks of the sections, with those inside folded ones."""
    found = []
    for section in sections:
        for block in section.blocks:
            found += block.blocks if isinstance(block, Folded) else [block]
    return found


@cache
def _vega() -> Markup:
    """Vega-Lite and all that it needs, as one script. It contains no text of the project or the data."""
    return Markup(vl_convert.javascript_bundle())


def _own_file(name: str) -> Markup:
    """Text of a file of the template folder, which needs no escaping."""
    return Markup((Path(__file__).parent / "template" / name).read_text(encoding="utf-8"))
