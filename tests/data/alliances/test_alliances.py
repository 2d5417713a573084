"""Alliances, inequality and networks: made-up worlds with known answers, and the shipped tables."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from data.alliances.balance import measure_accessions, measure_gini, measure_groups, summarize_balance
from data.alliances.build import MAIN_CODING, TABLES, load_alliances
from data.alliances.dyads import find_alliances, load_dyads
from data.alliances.network import NO_PATH, measure_closeness, measure_network, measure_star
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.tables.rules import DataError

YEARS = ClaimsSpec(first_year=2000, last_year=2001, epoch_years=1)
POWER = {2: 0.4, 20: 0.04, 200: 0.1, 710: 0.2, 731: 0.02, 740: 0.1}


def make_dyads(*rows):
    """Each row: year, a, b, whether a is bound, whether b is bound."""
    return pd.DataFrame(rows, columns=["year", "a", "b", "a_bound", "b_bound"]).sort_values(
        ["year", "a", "b"]
    )


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


def test_balance_counts_alliances_pairs_and_states_apart():
    table = summarize_balance(measure_groups(WORLD, make_capabilities(POWER), YEARS), YEARS)
    row = table.set_index(["year", "scope", "weight"]).loc
    assert row[2000, "us", "alliances"]["n"] == 1
    assert row[2000, "us", "alliances"]["median_ratio"] == pytest.approx(4)
    assert row[2000, "us", "alliances"]["asymmetric"] == 1
    # Of the pairs, US-Canada is ten to one and hegemonic, US-Britain four to one.
    assert row[2000, "us", "pairs"][["n", "asymmetric", "hegemonic"]].tolist() == [2, 0.5, 0.5]
    assert row[2000, "other", "pairs"]["n"] == 2
    assert row[2000, "all", "states"]["n"] == 4
    # Each state once, with its strongest ally: Britain's and Canada's is the US.
    assert row[2000, "us", "states"]["median_ratio"] == pytest.approx(7)
    assert row[2001, "us", "pairs"]["one_way"] == pytest.approx(1 / 3)
    assert row[2001, "other", "pairs"]["one_way"] == 0


def test_the_rest_may_outweigh_a_leader_that_the_next_does_not():
    power = {2: 0.3, 20: 0.2, 200: 0.2}
    groups = measure_groups(WORLD[WORLD["a"] != 710], make_capabilities(power), YEARS)
    ratios = {}
    for against in ("next", "rest"):
        spec = ClaimsSpec(first_year=2000, last_year=2001, epoch_years=1, leader_against=against)
        table = summarize_balance(groups, spec).set_index(["year", "scope", "weight"])
        ratios[against] = table.loc[(2000, "us", "alliances"), "median_ratio"]
    assert ratios == {"next": pytest.approx(1.5), "rest": pytest.approx(0.75)}


def test_equal_allies_are_balanced_in_every_weight():
    table = summarize_balance(
        measure_groups(WORLD, make_capabilities(dict.fromkeys(POWER, 0.1)), YEARS), YEARS
    )
    assert (table["balanced"] == 1).all()
    assert table["gini"].max() == 0


def test_an_unknown_capability_leaves_the_state_out():
    capabilities = make_capabilities(POWER)
    capabilities.loc[(20, 2000), "cinc"] = np.nan
    table = summarize_balance(measure_groups(WORLD, capabilities, YEARS), YEARS)
    assert table.set_index(["year", "scope", "weight"]).loc[(2000, "us", "pairs"), "n"] == 1


def test_an_accession_adds_its_share():
    table = measure_accessions(WORLD, make_capabilities(POWER), YEARS)
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
    network = measure_network(WORLD, YEARS).set_index(["year", "theatre"])
    assert network.loc[(2001, "World"), "clients"] == 3
    assert network.loc[(2001, "Asia-Pacific"), "clients"] == 1
    more = pd.concat([WORLD, make_dyads((2001, 200, 220, True, True))])
    near = measure_closeness(more, (2001,)).set_index("ccode")
    assert near["steps"].to_dict() == {20: 1, 200: 1, 220: 2, 710: NO_PATH, 731: NO_PATH, 740: 1}
    assert near.loc[220, "client_ties"] == 1
    assert near.loc[200, "client_ties"] == 1


@pytest.mark.parametrize(
    "choice",
    [{"medium_ratio": 12.0}, {"epoch_years": 40}, {"alone_below": 0.0}, {"leader_against": "nex"},
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
    for column, value in change.items():
        table = (
            table.drop(columns=column)
            if value is None
            else table.assign(**{column: [value, table[column][1]]})
        )
    table.to_parquet(tmp_path / "atop_defense_dyads.parquet")
    with pytest.raises(DataError, match=rule):
        load_dyads(tmp_path)


def test_shipped_tables_are_whole():
    tables = {name: load_alliances(name) for name in TABLES}
    assert set(tables["balance.csv"]["year"]) == set(range(1946, 2019))
    assert tables["balance.csv"].query("weight == 'pairs' and scope == 'all'")["n"].iloc[-1] == 1707
    assert list(dict.fromkeys(tables["codings.csv"]["coding"])) == [MAIN_CODING, *ALTERNATIVES["asymmetry"]]
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
