"""Draw the figures of all claims into a folder, and say which could not be drawn."""

from pathlib import Path

import matplotlib as mpl
import pandas as pd
import xarray as xr

from analysis.figures.draw import save_figure
from analysis.figures.style import DPI, STYLE
from analysis.studies.claims.figures.counted import (
    plot_accessions,
    plot_asymmetry,
    plot_exchange,
    plot_star,
    plot_types,
)
from analysis.studies.claims.figures.estimated import (
    plot_codings,
    plot_levels,
    plot_tiers,
    plot_unpopular,
    say_members,
)
from analysis.studies.claims.figures.network import plot_network
from data.alliances.spec import ClaimsSpec
from data.load import DYADS_FILES, SHARED_DIR, grade_by_closeness, grade_by_form, load_alliances

FORMALITY = (
    "A pact has a larger effect on joining than informal ties",
    "Informal ties have a larger effect on joining than a pact",
    "Whether a pact has a larger effect on joining than informal ties is uncertain",
)
CLOSENESS = (
    "A pact with the hub has a larger effect on joining than an alliance with a client",
    "An alliance with a client has a larger effect on joining than a pact with the hub",
    "Whether a pact with the hub has a larger effect than an alliance with a client is uncertain",
)

WIDEST = 1800
"""Largest width of a picture in pixels: no page or screen shows more."""


def draw_claims(
    rows: pd.DataFrame,
    others: pd.DataFrame,
    judged: pd.DataFrame,
    panel: xr.Dataset,
    folder: Path,
    quick: bool,
) -> tuple[dict[str, list[dict[str, str]]], dict[str, str]]:
    """Draw all figures as PNG and SVG from the tables of ``analysis.studies.claims.run``.

    The panel (see ``data.load.load_panel``) has the labels of the cases and says which states have which tie.
    Returns what was drawn, by claim: ``file``, the name of the PNG (there is an SVG of the same name), and
    ``title``. Returns messages about what could not be drawn, by claim.
    """
    labels = dict(zip(map(str, panel["case"].values), map(str, panel["label"].values), strict=True))
    of = dict(list(rows.groupby("claim")))
    asymmetry, goods, formality, hierarchy = (
        of[claim] for claim in ("asymmetry", "goods", "formality", "hierarchy")
    )
    accessions = load_alliances("accessions.csv")
    ties = ["pact", "rio", "designation", "access", "troops"]
    near = ["pact", "rio", "ally_of_client"]
    informal = say_members(grade_by_form(panel, ClaimsSpec()), ties[2:])
    allied = say_members(grade_by_closeness(panel, load_alliances("closeness.csv")), near[2:])
    # Each figure with the quantity that it cannot do without.
    figures = [
        ("asymmetry", "asymmetry", None, lambda: plot_asymmetry(asymmetry)),
        ("asymmetry", "asymmetry_types", None, lambda: plot_types(asymmetry)),
        (
            "asymmetry",
            "asymmetry_accessions",
            None,
            lambda: plot_accessions(accessions),
        ),
        ("goods", "goods_tiers", "capability_change_military", lambda: plot_tiers(goods)),
        ("goods", "goods_exchange", None, lambda: plot_exchange(goods, labels)),
        ("unpopular", "unpopular", None, lambda: plot_unpopular(of["unpopular"], labels)),
        (
            "formality",
            "formality",
            "pact_less_informal",
            lambda: plot_levels(formality, ties, "informal", FORMALITY, informal),
        ),
        ("hierarchy", "hierarchy_star", None, lambda: plot_star(hierarchy)),
        (
            "hierarchy",
            "hierarchy_hub",
            "pact_less_ally_of_client",
            lambda: plot_levels(hierarchy, near, "ally_of_client", CLOSENESS, allied),
        ),
        ("hierarchy", "claims_codings", None, lambda: plot_codings(rows, others, judged)),
    ]
    drawn, missing = {claim: [] for claim in of}, {}
    absent = [name for name in DYADS_FILES if not (SHARED_DIR / name).is_file()]
    if not absent:
        figures.append(("hierarchy", "hierarchy_network", None, lambda: plot_network(SHARED_DIR)))
    else:
        missing["hierarchy"] = f"The figure of the network needs {absent[0]}, which does not ship."
    for claim, name, needed, plot in figures:
        if needed is None or needed in set(of[claim]["quantity"]):
            with mpl.rc_context(STYLE):
                figure = plot()
            save_figure(figure, folder / name, quick=quick, dpi=min(DPI, WIDEST / figure.get_figwidth()))
            title = " ".join(figure.get_suptitle().split())
            drawn[claim].append({"file": f"{name}.png", "title": title})
    return drawn, missing
