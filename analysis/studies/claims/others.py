"""The same quantities in other codings and in other variants."""

import numpy as np
import pandas as pd

from analysis.pipeline.robustness import pick_quantity
from analysis.posterior.joining import OVERLAP
from analysis.store.files import OUTPUT, PUBLISHED, RESULTS
from analysis.studies.claims.rows import ESTIMANDS, MAIN_CODING
from analysis.variants.variant import Variant

KEYS = ["claim", "quantity", "when", "group"]


def read_elsewhere(variant: Variant) -> pd.DataFrame:
    """Read the results of other variants: their own claims.csv, and the table of the sensitivity study.

    Returns rows of claims.csv with ``variant``; empty if there is none. Quick runs, failed variants and the
    given variant itself are left out.
    """
    parts = []
    for path in sorted(RESULTS.glob("*/claims/claims.csv")):
        table = pd.read_csv(path)
        if path.parents[1].name not in ("main", variant.name) and "quick" not in table:
            parts.append(table.assign(variant=path.parents[1].name))
    seen = {name for part in parts for name in part["variant"]}
    for path in (OUTPUT / "sensitivity.csv", PUBLISHED / "sensitivity.csv"):
        if path.is_file():
            parts.append(translate_sensitivity(pd.read_csv(path), seen | {"main", variant.name}))
            break
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def translate_sensitivity(table: pd.DataFrame, without: set[str]) -> pd.DataFrame:
    """Turn the effects of a pact into rows of the claims ``unpopular`` and ``formality``.

    There is one row for each distinct fit that can move an effect.

    Takes ``sensitivity.csv`` and the variants to leave out.
    """
    cases, parts = table["case"].dropna().unique(), []
    for quantity in ESTIMANDS:
        level = quantity.replace("pact", "{}")
        picked = pd.concat([pick_quantity(table, level, case) for case in cases])
        picked = picked[picked["moves"] & picked["mean"].notna()].drop_duplicates(["fit", "case"])
        parts.append(picked.assign(quantity=quantity))
    known = pd.concat(parts, ignore_index=True)
    columns = ["variant", "quantity", "when", "mean", "sd", "lower", "upper", "prob"]
    renamed = known.rename(columns={"case": "when", "prob_positive": "prob"})[columns]
    rows = renamed[~renamed["variant"].isin(without)]
    rows = rows.assign(claim="unpopular", group=OVERLAP, coding=MAIN_CODING, kind="posterior")
    rows = rows.assign(unit=rows["quantity"].map(ESTIMANDS))
    shared = rows[rows["quantity"] == "ame_pact_total"].assign(claim="formality")
    return pd.concat([rows, shared], ignore_index=True)


def gather_others(rows: pd.DataFrame, elsewhere: pd.DataFrame) -> pd.DataFrame:
    """Gather each quantity from the claim's other codings and from other variants.

    A variant that cannot move a quantity has the same fit, and so the same number to the last digit, as the
    main analysis or another variant. It is no further evidence, and is left out.

    Takes the tables of ``tabulate`` and ``read_elsewhere``. Returns ``claim, quantity, when, group``, as in
    the main coding; ``mean, prob``; ``other``: name of the coding or variant.
    """
    columns = [*KEYS, "mean", "prob", "other"]
    parts = [rows.assign(other=rows["coding"])]
    if not elsewhere.empty:
        chosen = elsewhere[elsewhere["coding"] == MAIN_CODING]
        parts.append(chosen.assign(other=chosen["variant"]))
    table = pd.concat(parts, ignore_index=True)[columns]
    distinct = table.drop_duplicates([*KEYS, "mean", "prob"])
    return distinct[distinct["other"] != MAIN_CODING].reset_index(drop=True)


def find_others(others: pd.DataFrame, entry: object) -> pd.DataFrame:
    """Select the rows of ``gather_others`` about one quantity; ``entry`` has ``KEYS`` as attributes."""
    return others[np.all([others[name] == getattr(entry, name) for name in KEYS], axis=0)]


def add_sign_shares(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Add to each posterior of the main coding the share of codings and variants with the same sign.

    The new columns are ``sign_share`` (0 to 1; NaN if there is no other) and ``variants`` (number of codings
    and variants).
    """
    main = rows["coding"] == MAIN_CODING
    own = rows[main & (rows["kind"] == "posterior")][[*KEYS, "mean"]]
    pairs = others.merge(own, on=KEYS, suffixes=("", "_main"))
    same = (np.sign(pairs["mean"]) == np.sign(pairs["mean_main"])).groupby([pairs[k] for k in KEYS])
    found = pd.DataFrame({"sign_share": same.mean(), "variants": same.size()}).reset_index()
    merged = rows.merge(found, on=KEYS, how="left")
    merged["variants"] = merged["variants"].fillna(0).astype(int)
    merged.loc[~main, ["sign_share", "variants"]] = [np.nan, 0]
    return merged
