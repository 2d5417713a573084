"""Our tables against others: years of entry, pacts that ATOP knows, and what follows from what."""

import pandas as pd
import pytest
from support.found import needs_shared

from data import describe, load
from data.panel.covariates import CORRECTIONS_FILE, correct_state_years
from data.spec import IRAQ, ISIS
from data.tables import read as tables


@needs_shared
def test_nato_years_against_the_state_year_table():
    years = pd.read_parquet(load.SHARED_DIR / "state_year.parquet").query("year == 2018 and nato == 1")
    known = years[years["iso3"] != "USA"].set_index("iso3")["nato_since"].astype(int)
    nato = tables.load_guarantees(tables.load_states()).query("kind == 'nato'").set_index("iso3")
    assert set(known.index) == set(nato.index)
    assert (nato["start"].str[:4].astype(int) == known.reindex(nato.index)).all()


@needs_shared
def test_formal_guarantees_against_atop():
    counts = describe.summarize_atop().set_index("year")
    assert counts.loc[2013].to_list() == [55, 65, 52]
    text = (tables.TABLES_DIR / "COUNTS.md").read_text(encoding="utf-8")
    assert describe.table_text(counts.reset_index()) in text


@pytest.mark.parametrize("case", [IRAQ, ISIS], ids=lambda case: case.name)
def test_case_excludes_what_the_table_excludes(case):
    table = tables.load_coalition(case, tables.load_states())
    assert set(table.loc[table["exclude"] == 1, "iso3"]) == set(case.exclude)


def test_troop_figures_stand_where_troops_do():
    table = tables.load_coalition(IRAQ, tables.load_states())
    for column in ("peak_troops", "troops_start", "troops_end"):
        assert (table[column].notna() == (table["troops"] == 1)).all()


def test_dates_of_joining_fit_the_list_of_2014():
    table = tables.load_coalition(ISIS, tables.load_states())
    assert ((table["joined"].fillna("2017") < "2015") == (table["partner_2014"] == 1)).all()


def test_us_aid_to_sudan_counts_both_codes_of_the_source():
    states = tables.load_states()
    aid = tables.load_covariates(states).set_index(["iso3", "year"])["aid"]
    assert aid[("SDN", 2002)] == pytest.approx(150.143)
    assert aid[("SDN", 2013)] == pytest.approx(386.685)


def test_only_the_known_wrong_value_is_corrected():
    wrong = pd.DataFrame({"ccode": 625, "year": [2007, 2006], "us_aid_oblig_const_usd": [1_793_690.0, 7.0]})
    right = correct_state_years(wrong)["us_aid_oblig_const_usd"]
    assert right[0] > 1.5e9
    assert right[1] == 7.0


@needs_shared
def test_corrections_are_those_of_the_longer_table():
    longer = load.SHARED_DIR / "acts" / "state_year_1946.parquet"
    if not longer.is_file():
        pytest.skip(f"{longer} is not there")
    rows = tables.read_table(CORRECTIONS_FILE, ("ccode", "year", "column", "value"))
    aid = pd.read_parquet(longer).groupby(["ccode", "year"])["us_aid_oblig_const_usd"].sum()
    found = [aid[(row.ccode, row.year)] for row in rows.itertuples()]
    assert found == pytest.approx(list(rows["value"]), abs=1)
