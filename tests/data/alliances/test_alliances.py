"""Alliances, inequality and networks: made-up worlds with known answers, and the shipped tables."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from data.alliances.balance import measure_accessions, measure_gini, measure_groups, summarize_balance
from data.alliances.build import (
    MAIN_CODING,
    TABLES,
    compare_periods,
    load_alliances,
)
from data.alliances.chance import expect_hegemonic
from data.alliances.duties import find_owing, measure_duties
from data.alliances.dyads import DYADS_FILES, find_alliances, load_dyads
from data.alliances.network import NO_PATH, measure_closeness, measure_network, measure_star
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.tables.rules import DataError

YEARS = ClaimsSpec(earlier=(2000, 2000), later=(2001, 2001))
POWER = {2: 0.4, 20: 0.04, 200: 0.1, 710: 0.2, 731: 0.02, 740: 0.1}


def make_dyads(*rows):
    """Each row: year, a, b, whether a is bound, whether b is bound; all duties are of defence."""
    table = pd.DataFrame(rows, columns=["year", "a", "b", "a_bound", "b_bound"])
    others = [f"{side}_{duty}" for side in ("a", "b") for duty in ("offence", "consult")]
    return table.assign(**dict.fromkeys(others, False)).sort_values(["year", "a", "b"])


def make_capabilities(power, years=(2000, 2001)):
    index = pd.MultiIndex.from_product([power, years], names=["ccode", "year"])
    values = np.repeat(list(power.values()), len(years))
    return pd.DataFrame({"cinc": values, "milex": values, "milper": values}, index)


WORLD = make_dyads(
    (2000, 2, 20, True, True),
    (2000, 2, 200, True, True),
    (2000, 20, 200, True, True),
    (2000, 710, 731, True, True),
    (2001, 2, 20, True, True),
    (2001, 2, 200, True, True),
    (2001, 20, 200, True, True),
    (2001, 2, 740, True, False),
    (2001, 710, 731, True, True),
)


def test_a_treaty_of_many_is_one_alliance():
    graph = nx.Graph([(1, 2), (1, 3), (2, 3), (3, 4), (5, 6)])
    assert find_alliances(graph) == [(1, 2, 3), (3, 4), (5, 6)]


def test_gini_knows_its_ends():
    assert measure_gini(np.ones(7)) == pytest.approx(0)
    assert measure_gini(np.array([1.0, 1e-12, 1e-12, 1e-12])) == pytest.approx(0.75)
    assert measure_gini(np.array([1.0, 3.0])) == pytest.approx(0.25)


def summarize(dyads, capabilities, spec=YEARS):
    return summarize_balance(measure_groups(dyads, capabilities, spec), capabilities, spec)


def test_balance_counts_alliances_pairs_and_states_apart():
    table = summarize(WORLD, make_capabilities(POWER))
    row = table.set_index(["year", "scope", "weight"]).loc
    assert row[2000, "us", "alliances"]["n"] == 1
    assert row[2000, "us", "alliances"]["median_ratio"] == pytest.approx(4)
    assert row[2000, "us", "alliances"]["asymmetric"] == 1
    # Of the pairs, US-Canada is ten to one and hegemonic, US-Britain four to one.
    assert row[2000, "us", "pairs"][["n", "asymmetric", "hegemonic"]].tolist() == [2, 0.5, 0.5]
    assert row[2000, "other", "pairs"]["n"] == 2
    # The US is a state like others, except among its own allies.
    assert row[2000, "all", "states"]["n"] == 5
    assert row[2000, "us", "states"]["n"] == 2
    # Each state once, with its strongest ally: Britain's and Canada's is the US.
    assert row[2000, "us", "states"]["median_ratio"] == pytest.approx(7)
    assert row[2001, "us", "pairs"]["one_way"] == pytest.approx(1 / 3)
    assert row[2001, "other", "pairs"]["one_way"] == 0


def test_the_rest_may_outweigh_a_leader_that_the_next_does_not():
    power = {2: 0.3, 20: 0.2, 200: 0.2}
    capabilities = make_capabilities(power)
    groups = measure_groups(WORLD[WORLD["a"] != 710], capabilities, YEARS)
    ratios = {}
    for against in ("next", "rest"):
        spec = ClaimsSpec(earlier=(2000, 2000), later=(2001, 2001), leader_against=against)
        table = summarize_balance(groups, capabilities, spec).set_index(["year", "scope", "weight"])
        ratios[against] = table.loc[(2000, "us", "alliances"), "median_ratio"]
    assert ratios == {"next": pytest.approx(1.5), "rest": pytest.approx(0.75)}


def test_equal_allies_are_balanced_in_every_weight():
    table = summarize(WORLD, make_capabilities(dict.fromkeys(POWER, 0.1)))
    assert (table["balanced"] == 1).all()
    assert table["gini"].max() == 0
    assert table["hegemonic_random"].max() == pytest.approx(0)


def test_an_unknown_capability_leaves_the_state_out():
    capabilities = make_capabilities(POWER)
    capabilities.loc[(20, 2000), "cinc"] = np.nan
    table = summarize(WORLD, capabilities)
    assert table.set_index(["year", "scope", "weight"]).loc[(2000, "us", "pairs"), "n"] == 1


def test_inequality_at_random_is_what_shuffling_gives():
    """The exact expectation agrees with many random placements of the states in the same network."""
    rng = np.random.default_rng(4)
    power = np.exp(rng.normal(0, 2, 12))
    graph = nx.Graph([(0, i) for i in range(1, 6)] + [(6, 7), (7, 8), (6, 8), (9, 10)])
    degrees = np.array([degree for _, degree in graph.degree])
    cliques = find_alliances(graph)
    by_state, by_alliance = [], []
    for _ in range(4000):
        placed = rng.permutation(power)
        strongest = {i: max(placed[j] for j in graph[i]) for i in graph}
        ratio = np.array([max(strongest[i], placed[i]) / min(strongest[i], placed[i]) for i in graph])
        by_state.append((ratio >= 10).mean())
        two = [np.sort(placed[list(members)])[-2:] for members in cliques]
        by_alliance.append(np.mean([top / second >= 10 for second, top in two]))
    sizes = np.array([len(members) for members in cliques])
    for drawn, size, own in ((by_state, degrees + 1, True), (by_alliance, sizes, False)):
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert expect_hegemonic(power, size, 10.0, own=own) == pytest.approx(np.mean(drawn), abs=4 * error)
    # A pair is an alliance of two states, and a state with one ally.
    pair = np.array([2])
    assert expect_hegemonic(power, pair, 3.0, own=True) == pytest.approx(
        expect_hegemonic(power, pair, 3.0, own=False)
    )


def test_more_unequal_states_alone_raise_the_share_but_not_the_excess():
    """In a world whose states become unequal while partners stay random, only the raw share rises."""
    rng = np.random.default_rng(0)
    raw, excess = [], []
    codes = np.arange(100, 140)
    for _ in range(60):
        parts, capabilities = [], []
        for year, spread in ((2000, 0.5), (2001, 2.5)):
            partner = rng.permutation(codes)
            parts += [(year, min(p), max(p), True, True) for p in partner.reshape(-1, 2).tolist()]
            power = np.exp(rng.normal(0, spread, len(codes)))
            capabilities.append(make_capabilities(dict(zip(codes, power, strict=True)), (year,)))
        table = summarize(make_dyads(*parts), pd.concat(capabilities))
        found = compare_periods(YEARS, table)
        raw.append(found["later"] - found["earlier"])
        excess.append(raw[-1] - (found["later_random"] - found["earlier_random"]))
    assert min(raw) > 0
    assert 0.3 < np.mean(np.array(excess) > 0) < 0.7
    assert abs(np.mean(excess)) < 0.03


def test_periods_leave_out_years():
    table = pd.DataFrame(
        {
            "year": [1816, 1817, 1950, 1951],
            "scope": "all",
            "weight": "states",
            "hegemonic": [0.2, 0.6, 0.5, 0.7],
            "hegemonic_random": [0.1, 0.3, 0.5, 0.3],
        }
    )
    assert compare_periods(ClaimsSpec(), table) == pytest.approx(
        {"earlier": 0.4, "later": 0.6, "earlier_random": 0.2, "later_random": 0.4}
    )
    without = compare_periods(ClaimsSpec(left_out=((1817, 1820),)), table)
    assert without["earlier"] == pytest.approx(0.2)


def test_duties_are_counted_by_side():
    """Canada owes the US less, Britain more, Japan nothing; the last is a pact of two."""
    dyads = make_dyads((2001, 2, 20, True, True), (2001, 2, 200, True, True), (2001, 20, 200, True, True),
                       (2001, 2, 740, True, False))  # fmt: skip
    dyads.loc[dyads["b"] == 20, "a_consult"] = True
    dyads.loc[(dyads["a"] == 2) & (dyads["b"] == 200), "b_offence"] = True
    table = measure_duties(dyads, make_capabilities(POWER), YEARS).set_index("pacts")
    us = table.loc["us"]
    assert us[["protector_owes_more", "partner_owes_more"]].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert us[["only_protector_defends", "partner_joins"]].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert table.loc["us bilateral", ["n", "protector_owes_more"]].tolist() == [1, 1]
    assert table.loc["hegemonic", "n"] == 1
    assert find_owing(dyads)[2001].to_dict() == {20: True, 200: True, 740: False}


def test_an_accession_adds_its_share():
    both = ClaimsSpec(earlier=(1999, 1999), later=(2000, 2001))
    table = measure_accessions(WORLD, make_capabilities(POWER), both)
    assert table[["year", "ccode"]].to_numpy().tolist() == [[2001, 740]]
    assert table["added_share"].item() == pytest.approx(0.1 / 0.64)
    assert table["balance_without"].item() == pytest.approx(0.54 / 0.2)
    assert table["balance_with"].item() == pytest.approx(0.64 / 0.2)


def test_a_star_and_a_clique_are_told_apart():
    star = measure_star(nx.star_graph(5), 0)
    clique = measure_star(nx.complete_graph(6), 0)
    assert (star["centralisation"], star["hub_share"], star["density"]) == (1, 1, 0)
    assert (clique["centralisation"], clique["density"], clique["clustering"]) == (0, 1, 1)
    assert clique["hub_share"] == pytest.approx(1 / 3)


def test_network_and_closeness_of_a_small_world():
    network = measure_network(WORLD, make_capabilities(POWER), YEARS).set_index(["year", "theatre"])
    assert network.loc[(2001, "World"), "clients"] == 3
    assert network.loc[(2001, "Asia-Pacific"), "clients"] == 1
    # Two of the ten pairs without the US are tied; of the three pairs of clients one is.
    assert network.loc[(2001, "World"), ["density_random", "density"]].tolist() == pytest.approx([0.2, 1 / 3])
    more = pd.concat([WORLD, make_dyads((2001, 200, 220, True, True))])
    near = measure_closeness(more, (2001,)).set_index("ccode")
    assert near["steps"].to_dict() == {20: 1, 200: 1, 220: 2, 710: NO_PATH, 731: NO_PATH, 740: 1}
    assert near.loc[220, "client_ties"] == 1
    assert near.loc[200, "client_ties"] == 1


@pytest.mark.parametrize(
    "choice",
    [{"medium_ratio": 12.0}, {"earlier": (1816, 1950)}, {"alone_below": 0.0}, {"leader_against": "nex"},
     {"troops_at_least": 0}, {"theatre_exceptions": ((640, "Europa"),)}],
    ids=str,
)  # fmt: skip
def test_impossible_choices_are_refused(choice):
    with pytest.raises(ValueError, match=next(iter(choice)).split("_")[0]):
        ClaimsSpec(**choice)


def test_a_misspelt_choice_is_named():
    with pytest.raises(TypeError, match="nearest: 'medium_ratio'"):
        ClaimsSpec(medium_rato=2.0)
    with pytest.raises(ValueError, match="no range has the code 1"):
        ClaimsSpec().theatre(1)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"ccode2": 2}, "allied with itself"),
        ({"atop_defense": 2}, "unknown code"),
        ({"year": None}, "missing column"),
    ],
    ids=lambda x: str(x),
)
def test_a_bad_source_is_refused(tmp_path, change, rule):
    table = pd.DataFrame({"ccode1": [2, 20], "ccode2": [20, 2], "year": [2000, 2000], "atop_defense": [1, 1]})
    table = table.assign(atop_offense=0, atop_consul=1)
    for column, value in change.items():
        table = (
            table.drop(columns=column)
            if value is None
            else table.assign(**{column: [value, table[column][1]]})
        )
    for name in DYADS_FILES:
        table.to_parquet(tmp_path / name)
    with pytest.raises(DataError, match=rule):
        load_dyads(tmp_path)


def test_shipped_tables_are_whole():
    tables = {name: load_alliances(name) for name in TABLES}
    assert set(tables["balance.csv"]["year"]) == set(range(1816, 2019))
    assert tables["balance.csv"].query("weight == 'pairs' and scope == 'all'")["n"].iloc[-1] == 1707
    assert tables["codings.csv"]["coding"].tolist() == [MAIN_CODING, *ALTERNATIVES["asymmetry"]]
    main = tables["codings.csv"].set_index("coding").loc[MAIN_CODING]
    assert compare_periods(ClaimsSpec(), tables["balance.csv"]) == pytest.approx(main.to_dict(), rel=1e-4)
    types = tables["balance.csv"][["balanced", "asymmetric", "hegemonic"]]
    np.testing.assert_allclose(types.sum(axis=1), 1, atol=1e-5)
    assert tables["network.csv"].query("year == 2018 and theatre == 'World'")["clients"].item() == 66
    seven = tables["accessions.csv"].query("year == 2003")["name"]
    assert {"Bulgaria", "Estonia", "Latvia", "Lithuania", "Romania", "Slovakia", "Slovenia"} == set(seven)


def test_a_damaged_shipped_table_is_refused(tmp_path):
    table = load_alliances("network.csv")
    table.assign(hub_share=2.0).to_csv(tmp_path / "network.csv", index=False)
    with pytest.raises(DataError, match="hub_share"):
        load_alliances("network.csv", tmp_path)
