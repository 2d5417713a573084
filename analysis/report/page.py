"""Make one page from the files of results. It opens in any browser and makes no network request."""

import base64
import gzip
from functools import cache
from pathlib import Path

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.figures.style import LEVEL_COLOURS, OTHER_COLOUR, level_name
from analysis.report.blocks import Chart, Explorer, Folded, Heading, Missing, Section
from analysis.report.caveats import list_caveats
from analysis.report.citation import load_citation
from analysis.report.first import alignment_card, joined_card, overturn_card
from analysis.report.geography.places import load_shapes
from analysis.report.origin import RUN, describe_origin, is_published, name_run
from analysis.report.sections.acts import build_acts
from analysis.report.sections.checks import build_checks
from analysis.report.sections.claims import build_claims
from analysis.report.sections.data import build_data
from analysis.report.sections.effects import build_effects, headline_chart
from analysis.report.sections.further import build_paths
from analysis.report.sections.method import build_glossary, build_method
from analysis.report.sections.notes import build_notes
from analysis.report.sections.positions import build_positions
from analysis.report.sections.propagation import build_propagation
from analysis.report.sections.provenance import build_provenance
from analysis.report.sections.sensitivity import build_sensitivity
from analysis.report.states import describe_states, list_answers
from analysis.report.verdict import sure_card, verdict_sentence
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
CARDS = (alignment_card, joined_card, sure_card, overturn_card)
SECTIONS = (
    build_method,
    build_positions,
    build_paths,
    build_effects,
    build_checks,
    build_sensitivity,
    build_propagation,
    build_claims,
    build_acts,
    build_data,
    build_notes,
    build_glossary,
    build_provenance,
)
STYLES = ("page.css", "parts.css", "print.css")
SCRIPTS = ("base.js", "charts.js", "tables.js", "maps.js", "states.js", "years.js", "page.js")


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
    sections = _gather_missing([build(results) for build in SECTIONS])
    headline = headline_chart(results)
    blocks = [headline, *_list_blocks(sections)]
    return TEMPLATES.get_template("page.html.j2").render(
        results=results,
        run=name_run(results),
        published=is_published(results),
        citation=load_citation(),
        answer=verdict_sentence(results),
        cards=[card for make in CARDS if (card := make(results))],
        caveats=list_caveats(results),
        headline=headline,
        sections=sections,
        origins={s.name: describe_origin(results, s.files) for s in sections}
        | {"answer": describe_origin(results, RUN)},
        charts={block.name: block.spec for block in blocks if isinstance(block, Chart)},
        keys=next((block.keys for block in blocks if isinstance(block, Explorer)), []),
        states=describe_states(results),
        shapes=load_shapes(),
        answers=list_answers(results),
        level_names={level: level_name(level) for level in results.levels},
        colours={**LEVEL_COLOURS, "other": OTHER_COLOUR},
        style=Markup("\n").join(map(_own_file, STYLES)),
        script=Markup("\n").join(map(_own_file, SCRIPTS)),
        vega=_vega(),
    )


def _gather_missing(sections: list[Section]) -> list[Section]:
    """Take out sections that have nothing to show, and say at the end how to make them."""
    empty = [s for s in sections if all(isinstance(block, Missing) for block in s.blocks)]
    shown = [s for s in sections if s not in empty]
    if empty:
        blocks = [block for section in empty for block in (Heading(section.title), *section.blocks)]
        shown.append(Section("missing", "What is not computed", blocks))
    return shown


def _list_blocks(sections: list[Section]) -> list:
    """All blocks of the sections, with those inside folded ones."""
    found = []
    for section in sections:
        for block in section.blocks:
            found += block.blocks if isinstance(block, Folded) else [block]
    return found


@cache
def _vega() -> str:
    """Vega-Lite and all that it needs, as one script, packed: it is nearly half of the page otherwise."""
    script = vl_convert.javascript_bundle().encode()
    return base64.b64encode(gzip.compress(script, mtime=0)).decode()


def _own_file(name: str) -> Markup:
    """Text of a file of the template folder, which needs no escaping."""
    return Markup((Path(__file__).parent / "template" / name).read_text(encoding="utf-8"))
