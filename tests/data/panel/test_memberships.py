"""EU membership as a covariate, and its place in the causal graph as the tables tell it."""

import pandas as pd
import pytest

from data.load import load_panel
from data.panel.covariates import add_memberships
from data.spec import DataSpec
from data.tables.once import read_blocs, read_guarantees

EU = DataSpec(covariates=(*DataSpec().covariates, "eu_member"))


def test_members_of_each_year():
    panel = load_panel(EU)
    member = panel["covariates_transformed"].sel(covariate="eu_member", drop=True)
    assert member.sum("state").to_series().to_dict() == {"iraq": 15, "isis": 28}
    assert member.sel(case="iraq", state=["AUT", "POL", "NOR"]).values.tolist() == [1, 0, 0]
    assert member.sel(case="isis", state=["HRV", "CHE"]).values.tolist() == [1, 0]
    assert member.where(panel["included"]).isnull().equals(~panel["included"])
    assert panel["unit"].sel(covariate="eu_member") == "0 or 1"
    assert "blocs.csv" in panel.attrs["sha256"]
    assert "blocs.csv" not in load_panel(DataSpec()).attrs["sha256"]


def test_a_member_counts_from_the_end_of_the_year_in_which_it_joined():
    rows = pd.DataFrame({"iso3": "HRV", "year": [2012, 2013]})
    assert add_memberships(rows, read_blocs())["eu_member"].tolist() == [0, 1]


def test_the_pact_came_before_the_european_union_in_every_state_that_has_both():
    """models/docs/causes.md rests on it: membership cannot have caused the pact."""
    blocs, guarantees = read_blocs(), read_guarantees()
    union = blocs[blocs["bloc"] == "European Union"].set_index("iso3")["start"]
    pact = guarantees[guarantees["kind"] == "nato"].set_index("iso3")["start"]
    both = pd.concat({"union": union, "pact": pact}, axis=1, join="inner")
    years = (pd.to_datetime(both["union"]) - pd.to_datetime(both["pact"])).dt.days / 365.25
    assert len(both) == 22
    assert (years > 0).all()
    east = pact[both.index] >= "1999"
    assert years[~east].min() == pytest.approx(2.7, abs=0.1)
    assert years[~east].max() == pytest.approx(36.4, abs=0.1)
    assert years[east].max() == pytest.approx(5.1, abs=0.1)
