"""What is known of each state: for the maps, the search, the page of a state and the comparison of two."""

import json

import pandas as pd

from analysis.figures.style import level_name
from analysis.report.geography.places import arrange_tiles, load_places
from analysis.report.names import ALIASES
from analysis.report.origin import is_published
from analysis.store.results import Results
from data.load import DataError, load_coalition, load_guarantees, load_states, load_votes
from data.spec import DataSpec

PREDICTIONS = "predictions_by_state.csv"
ANSWERS = {"no": "n", "abstain": "a", "yes": "y"}
"""A letter for each answer. An absence is a dot."""


def state_positions(results: Results) -> pd.DataFrame:
    """Alignment, guarantee and joining of every state in every case, sorted by case and alignment.

    Returns
    -------
    pd.DataFrame
        ``case, state, name, region, guarantee, joined`` (yes, no), ``mean, lower, upper`` of alignment,
        which are missing for a state that cast no vote, and ``rank`` (1 is nearest to the US).
    """
    panel = results.panel
    members = panel[["guarantee", "joined", "included"]].to_dataframe().reset_index()
    members = members[members["included"]]
    keys = ["case", "state"]
    points = results.ideal_points
    rows = points.loc[points["quantity"] == "alignment", [*keys, "mean", "lower", "upper"]]
    frame = members.merge(rows, on=keys, how="left")
    frame["joined"] = frame["joined"].map({1.0: "yes", 0.0: "no"})
    frame["rank"] = frame.groupby("case")["mean"].rank(ascending=False)
    frame = frame[[*keys, "name", "region", "guarantee", "joined", "mean", "lower", "upper", "rank"]]
    return frame.sort_values(["case", "mean"], ignore_index=True)


def describe_states(results: Results) -> dict[str, dict]:
    """Collect what the page knows of each state, by iso3.

    Returns
    -------
    dict
        For each state ``name, region, also`` (other names), ``at`` (point on the map), ``tile``, ``cases``
        (by case: ``alignment`` as mean, lower and upper, ``rank, guarantee, level, joined``, and where
        predictions exist ``expected`` from all other states, the probability ``with`` and ``without`` its
        guarantee, and the ``surprise`` in bits), ``commitments``, ``roles`` (by case) and ``path`` (year,
        mean, lower, upper).
    """
    panel, places = results.panel, load_places()
    chosen = [str(state) for state in panel["state"].values if state in places.index]
    names = results.state_names
    regions = dict(zip(map(str, panel["state"].values), map(str, panel["region"].values), strict=True))
    here = places.loc[[*chosen, *({"USA"} - set(chosen))]]
    tiles = arrange_tiles(here)
    found = {}
    for state in here.index:
        found[state] = {
            "name": names.get(state, "United States"),
            "region": regions.get(state, "Western Europe and Others"),
            "also": ALIASES.get(state, ""),
            "at": here.loc[state].tolist(),
            "tile": tiles.loc[state].tolist(),
            "cases": {},
            "commitments": [],
            "roles": {},
            "path": [],
        }
    _add_cases(found, results)
    _add_codings(found, results)
    _add_paths(found, results)
    return found


def _add_cases(found: dict, results: Results) -> None:
    """Add alignment, guarantee, joining and, where there is one, the prediction in each case."""
    for row in state_positions(results).itertuples():
        if row.state in found:
            found[row.state]["cases"][row.case] = {
                "alignment": _round(row.mean, row.lower, row.upper),
                "rank": None if pd.isna(row.rank) else int(row.rank),
                "guarantee": str(row.guarantee),
                "level": level_name(str(row.guarantee)),
                "joined": row.joined,
            }
    path = results.folder / PREDICTIONS
    if not path.is_file():
        return
    for row in pd.read_csv(path).itertuples():
        entry = found.get(row.state, {"cases": {}})["cases"].get(row.case)
        if entry is not None:
            ends = (
                f"{name}_guarantee{end}" for name in ("with", "without") for end in ("", "_lower", "_upper")
            )
            numbers = [round(float(getattr(row, name)), 3) for name in ends]
            entry |= {
                "expected": [round(float(row.expected), 3)],
                "with": numbers[:3],
                "without": numbers[3:],
                "surprise": round(float(row.surprise), 1),
            }


def _add_codings(found: dict, results: Results) -> None:
    """Add US commitments with their dates and sources, and the role in each coalition."""
    states = load_states()
    for row in load_guarantees(states).itertuples():
        if row.iso3 in found:
            found[row.iso3]["commitments"].append(
                [
                    str(row.commitment),
                    _day(row.start),
                    _day(row.end),
                    _text(row.source),
                    _text(row.confidence),
                ]
            )
    spec = DataSpec.from_json(json.dumps(results.record["variant"]["data"]))
    for case in spec.cases:
        table = load_coalition(case, states)
        for row in table.itertuples():
            if row.iso3 in found:
                found[row.iso3]["roles"][case.name] = [_text(getattr(row, "note", "")),
                                                       _text(getattr(row, "source", ""))]  # fmt: skip


def _add_paths(found: dict, results: Results) -> None:
    """Add the positions of the dynamic model."""
    table = results.table("dynamic_ideal_points.csv")
    if table is None:
        return
    for row in table.itertuples():
        if row.state in found:
            found[row.state]["path"].append([int(row.year), *_round(row.mean, row.lower, row.upper)])


def list_answers(results: Results) -> dict[str, dict]:
    """List the answers of all states to the roll calls of each case, for the comparison of two states.

    They come from the reader's own roll calls. The copy that ships has none, for roll calls are not the
    project's to pass on.

    Returns
    -------
    dict
        For each case ``items`` (title, date, and the share of the smaller side) and ``answers`` (by iso3, a
        letter an item: see ``ANSWERS``). Empty without roll calls.
    """
    if is_published(results):
        return {}
    spec = DataSpec.from_json(json.dumps(results.record["variant"]["data"]))
    found = {}
    for case in spec.cases:
        if results.record["votes"].get(case.name, {}).get("granularity") != "rollcall":
            continue
        try:
            votes = load_votes(spec, case)
        except DataError:
            continue
        if votes.attrs["granularity"] != "rollcall":
            continue
        sums = votes["counts"].sum("state")
        yes, no = sums.sel(response="yes").values, sums.sel(response="no").values
        letters = [ANSWERS[str(name)] for name in votes["response"].values]
        which, given = votes["counts"].argmax("response").values, votes["counts"].sum("response").values > 0
        found[case.name] = {
            "items": [
                [str(title), str(date)[:7], round(min(y, n) / max(y + n, 1), 2)]
                for title, date, y, n in zip(
                    votes["title"].values, votes["date"].values, yes, no, strict=True
                )
            ],
            "answers": {
                str(state): "".join(
                    letters[k] if is_given else "."
                    for k, is_given in zip(which[:, i], given[:, i], strict=True)
                )
                for i, state in enumerate(votes["state"].values)
            },
        }
    return found


def _round(*values: float, digits: int = 2) -> list[float] | None:
    """Round numbers for the page; None if the first one is missing."""
    return None if pd.isna(values[0]) else [round(float(value), digits) for value in values]


def _day(value: object) -> str:
    return "" if pd.isna(value) else str(value)[:10]


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)
