"""Which figures a claim has, drawn into a folder; what cannot be drawn is said."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.style import DPI
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
from data.load import DYADS_FILE, SHARED_DIR, grade_by_closeness, grade_by_form, load_alliances

FORMALITY = (
    "A pact goes with joining more than informal ties do",
    "Informal ties go with joining more than a pact does",
    "Whether a pact goes with joining more than informal ties is not clear",
)
CLOSENESS = (
    "A pact with the hub goes with joining more than an alliance with a client of it",
    "An alliance with a client goes with joining more than a pact with the hub",
    "Whether the tie to the hub counts more than one to a client is not clear",
)

WIDEST = 1800
"""Pixels that a picture is wide at most: as much as a page or a screen shows."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Attributes
    ----------
    files : dict of str to list of dict
        By claim, ``file``: a PNG's name (an SVG of that name lies beside it); ``title``: what it says.
    missing : dict of str to str
        By claim, what could not be drawn and why.
    """

    files: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def draw_claims(
    rows: pd.DataFrame,
    others: pd.DataFrame,
    judged: pd.DataFrame,
    panel: xr.Dataset,
    folder: Path,
    quick: bool,
) -> Drawn:
    """Draw all figures as PNG and SVG; those of a quick run say that they are one.

    Parameters
    ----------
    rows, others, judged : pd.DataFrame
        From ``analysis.studies.claims.run``.
    panel : xr.Dataset
        Labels of the cases.
    folder : Path
        Where to write.
    quick : bool

    Returns
    -------
    Drawn
    """
    labels = dict(zip(map(str, panel["case"].values), map(str, panel["label"].values), strict=True))
    of = dict(list(rows.groupby("claim")))
    form = {
        "ame": "pact_less_informal",
        "alignment": "alignment_pact_less_informal",
        "name": "pact less informal",
    }
    hub = {
        "ame": "pact_less_ally_of_client",
        "alignment": "alignment_pact_less_ally_of_client",
        "name": "pact less ally of a client",
    }
    goods, formality, hierarchy = (of[claim] for claim in ("goods", "formality", "hierarchy"))
    ties = ["pact", "rio", "designation", "access", "troops"]
    near = ["pact", "rio", "ally_of_client"]
    accessions = load_alliances("accessions.csv")
    informal = say_members(grade_by_form(panel, ClaimsSpec()), ties[2:])
    closeness = load_alliances("closeness.csv")
    allied = say_members(grade_by_closeness(panel, closeness), near[2:])
    # Each with the quantity without which there is nothing to draw.
    figures = [
        ("asymmetry", "asymmetry", None, lambda: plot_asymmetry(of["asymmetry"])),
        ("asymmetry", "asymmetry_types", None, lambda: plot_types(of["asymmetry"])),
        (
            "asymmetry",
            "asymmetry_accessions",
            None,
            lambda: plot_accessions(accessions),
        ),
        ("goods", "goods_tiers", "adds_military", lambda: plot_tiers(goods)),
        ("goods", "goods_exchange", None, lambda: plot_exchange(goods, labels)),
        ("unpopular", "unpopular", None, lambda: plot_unpopular(of["unpopular"], labels)),
        (
            "formality",
            "formality",
            form["ame"],
            lambda: plot_levels(formality, ties, form, FORMALITY, informal),
        ),
        ("hierarchy", "hierarchy_star", None, lambda: plot_star(hierarchy)),
        (
            "hierarchy",
            "hierarchy_hub",
            hub["ame"],
            lambda: plot_levels(hierarchy, near, hub, CLOSENESS, allied),
        ),
        ("hierarchy", "claims_codings", None, lambda: plot_codings(rows, others, judged)),
    ]
    drawn = Drawn({claim: [] for claim in of})
    if (SHARED_DIR / DYADS_FILE).is_file():
        figures.append(("hierarchy", "hierarchy_network", None, lambda: plot_network(SHARED_DIR)))
    else:
        drawn.missing["hierarchy"] = f"The drawing of the network needs {DYADS_FILE}, which does not ship."
    for claim, name, needed, plot in figures:
        if needed is None or needed in set(of[claim]["quantity"]):
            figure = plot()
            save_figure(figure, folder / name, quick)
            title = " ".join(figure.get_suptitle().split())
            drawn.files[claim].append({"file": f"{name}.png", "title": title})
    return drawn


def save_figure(figure: Figure, path: Path, quick: bool) -> None:
    """Write a figure as PNG and SVG; one of a quick run says that it is one."""
    if quick:
        figure.text(
            0.995, 0.995, "QUICK RUN, NOT A RESULT", va="top", ha="right", color="#D55E00", fontsize=8
        )
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else None
        dpi = min(DPI, WIDEST / figure.get_figwidth())
        figure.savefig(path.with_suffix(f".{suffix}"), dpi=dpi, metadata=metadata)
