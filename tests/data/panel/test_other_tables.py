"""Our tables against others: years of entry, pacts that ATOP knows, and what follows from what."""

import pandas as pd
import pytest
from support.found import needs_shared

from data import describe, load
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
