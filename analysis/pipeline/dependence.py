"""Which fits each effect is computed from, by the content of the tasks of a variant."""

from collections.abc import Iterable, Mapping

from analysis.store.keys import hash_content
from analysis.variants.variant import ONE_AXIS, Variant

LENGTH = 8
"""Digits of a hash in tables: enough to tell hundreds of fits apart."""


def trace_fits(variant: Variant, key: str, content: Mapping) -> dict[str, str]:
    """Name what each kind of effect is computed from.

    Parameters
    ----------
    variant : Variant
    key : str
        Key of the task ``effects`` of the variant.
    content : mapping
        ``Task.whole`` of that task; in a store, the record's ``content``.

    Returns
    -------
    dict of str to str
        ``total``: the fit of joining without alignment; ``direct``: that with alignment; ``alignment``: the
        positions and the model of alignment; ``all``: everything. Equal names mean the same fits, within one
        version of the code.
    """
    total, direct, *stage1 = content["needs"]
    # Positions are informed by who joined if both are estimated together.
    informed = variant.propagation in ONE_AXIS
    run = [variant.propagation, variant.run.stage1_draws, variant.run.seed, list(variant.axis_names)]
    given = [stage1, content["alignment"], content["predictors"], content["levels"], run]
    keys = {
        "total": total.partition("-")[2],
        "direct": direct.partition("-")[2],
        "alignment": key.partition("-")[2] if informed else hash_content(given),
        "all": key.partition("-")[2],
    }
    return {kind: f"{kind}-{value[:LENGTH]}" for kind, value in keys.items()}


def match_fits(quantities: Iterable[str], fits: Mapping[str, str]) -> list[str]:
    """Return for each quantity of ``effects.csv`` what it is computed from, by ``trace_fits``."""
    return [fits[find_kind(quantity)] for quantity in quantities]


def find_kind(quantity: str) -> str:
    """Return the kind of fit that a quantity of ``effects.csv`` is computed from: a key of ``trace_fits``.

    A quantity that is not known here counts as computed from everything.
    """
    words = quantity.split("_")
    if "total" in words:
        return "total"
    # Natural and interventional direct effects need the model of alignment too.
    if words[:2] == ["alignment", "slope"] or (words[-1] == "direct" and len(words) == 3):
        return "direct"
    return "alignment" if words[0] == "alignment" else "all"
