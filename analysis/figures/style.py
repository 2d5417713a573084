"""Names, colours and markers shared by figures, notebooks and the report."""

from analysis.variants.variant import AREAS, FIRST, SECOND

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "figure.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "security-for-legitimacy",
}
DPI = 200

# Okabe and Ito (2008): readers with any kind of colour vision can tell these colours apart.
LEVEL_COLOURS = {
    "none": "#7f7f7f",
    "rio": "#E69F00",
    "informal": "#009E73",
    "bilateral": "#56B4E9",
    "pact": "#0072B2",
    "nato": "#0072B2",
}
LEVEL_NAMES = {
    "none": "no guarantee",
    "rio": "Rio Treaty only",
    "informal": "informal (designation, access)",
    "bilateral": "bilateral pact or Compact",
    "pact": "pact (NATO, bilateral, Compact)",
    "nato": "NATO",
    "troops": "US troops (median host)",
}
SHORT_NAMES = {"none": "none", "rio": "Rio", "informal": "informal", "bilateral": "bilateral", "pact": "pact"}
"""For tables and axes that have a legend with the long names nearby."""
# Markers tell levels apart in grey prints: matplotlib's letter, and Vega-Lite's word for the same shape.
MARKERS = {"none": "o", "rio": "s", "informal": "^", "bilateral": "v", "pact": "D", "nato": "D"}
SHAPES = {"o": "circle", "s": "square", "^": "triangle-up", "v": "triangle-down", "D": "diamond"}
OTHER_COLOUR = "#444444"
ACCENT = "#D55E00"
"""For what must be seen first: a warning, the main analysis among its variants."""

KINDS = ("interventional_direct", "interventional_indirect", "natural_direct")
KINDS += ("direct", "indirect", "mediated", "total")
"""Kinds of effect that end the name of a quantity; ``natural_direct`` before ``direct``, its own ending."""

ALL, OVERLAP = "all", "overlap"
"""Groups of results: all states, and those of regions in which some have the level and some have none."""
GROUP_NAMES = {
    OVERLAP: "regions with comparison",
    "small": "small",
    "middle": "middle",
    "major": "major",
    ALL: "all states (extrapolation)",
}
"""Names of groups beside regions, which keep theirs. Small, middle and major are within the comparison."""


def level_colour(level: str) -> str:
    """Colour of a guarantee level; dark grey for a level that a user added."""
    return LEVEL_COLOURS.get(level, OTHER_COLOUR)


def level_name(level: str) -> str:
    """Name of a guarantee level for readers."""
    return LEVEL_NAMES.get(level, level)


def short_level(level: str) -> str:
    """Short name of a guarantee level, for tables and axes."""
    return SHORT_NAMES.get(level, level_name(level))


def level_marker(level: str) -> str:
    """Matplotlib's marker of a guarantee level."""
    return MARKERS.get(level, "o")


def level_shape(level: str) -> str:
    """Vega-Lite's shape of a guarantee level."""
    return SHAPES[level_marker(level)]


def quantity_name(quantity: str) -> str:
    """Name of a quantity of ``effects.csv`` for readers, e.g. ``ame_pact_total``: effect of a pact, total.

    An unknown quantity keeps its own name.
    """
    if axis := _find_axis(quantity):
        return f"{quantity_name(quantity.removesuffix(f'_{axis}'))} ({axis_name(axis)})"
    if quantity == "alignment_slope":
        return "slope of alignment"
    for start, words in (
        ("ame_", "effect on joining"),
        ("att_", "effect on states that have it"),
        ("risk_ratio_", "risk ratio"),
        ("log_odds_", "effect in log odds"),
        ("probability_", "joining if all had it"),
        ("alignment_", "effect on alignment"),
    ):
        if quantity.startswith(start):
            rest = quantity.removeprefix(start)
            kind = next((k for k in KINDS if rest.endswith(f"_{k}")), "")
            level = rest.removesuffix(f"_{kind}")
            return f"{short_level(level)}: {words}" + (f", {kind.replace('_', ' ')}" if kind else "")
    return quantity


def axis_name(axis: str) -> str:
    """Name of an axis of alignment for readers: ``second axis``, or an issue area."""
    return (
        f"{axis} axis"
        if axis in (FIRST, SECOND)
        else axis.replace("_", " ").replace("middle east", "Middle East")
    )


def _find_axis(quantity: str) -> str:
    """Return the axis of alignment that ends the name of a quantity; empty if none does."""
    return next((axis for axis in (FIRST, SECOND, *AREAS) if quantity.endswith(f"_{axis}")), "")


def quantity_unit(quantity: str) -> str:
    """Unit of a quantity of ``effects.csv``, with shares in percent or percentage points."""
    if quantity.startswith("probability_"):
        return "%"
    if is_share(quantity):
        return "points"
    if quantity.startswith("log_odds_"):
        return "logits"
    if quantity.startswith("alignment_slope"):
        return "logits per sd"
    return "sd" if quantity.startswith("alignment_") else "ratio"


def is_share(quantity: str) -> bool:
    """Whether a quantity is a probability or a difference of two, shown in percent or percentage points."""
    return quantity.startswith(("ame_", "att_", "probability_"))
