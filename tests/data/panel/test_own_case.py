"""A case of one's own: any year for which a table beside the roll calls has covariates."""

import json

import numpy as np
import pytest
from support.found import needs_shared

from data import load
from data.spec import IRAQ, ISIS, CaseSpec, DataSpec
from data.tables import read as tables
from data.tables.read import in_force, is_member
from data.tables.rules import DataError
from data.votes import record


def write_coalition(path):
    path.write_text(
        "iso3,ccode,state,strikes,joined,source,confidence\n"
        "FRA,220,France,1,1,made up,low\nGBR,200,Britain,1,1,made up,low\nJOR,663,Jordan,0,1,made up,low\n"
    )


def made_up_case(path, year=2010, target="LBY", **changes):
    """A coalition formed in the spring after ``year``, as the codebook shows it; its table is at ``path``."""
    write_coalition(path)
    given = {
        "name": "made_up",
        "label": "A case of one's own",
        "first_session": year - 1949,
        "last_session": year - 1945,
        "votes_until": f"{year}-12-31",
        "covariate_year": year,
        "guarantee_date": f"{year + 1}-03-19",
        "coalition_file": str(path),
        "joined": "joined",
        "tiers": (("political", ("joined",)), ("combat", ("strikes",))),
        "exclude": ("USA", target),
    }
    return CaseSpec(**given | changes)


@needs_shared
def test_a_case_of_ones_own(tmp_path):
    spec = DataSpec(cases=(IRAQ, ISIS, made_up_case(tmp_path / "libya.csv", name="libya")))
    panel = load.load_panel(spec)
    assert panel["joined"].sum("state").to_series().to_dict() == {"iraq": 48, "isis": 66, "libya": 3}
    assert panel["tier"].sel(case="libya", state=["FRA", "JOR", "DEU"]).to_numpy().tolist() == [3, 1, 0]
    assert int(panel["included"].sel(case="libya").sum()) == 190
    assert panel["guarantee"].sel(case="libya").to_series().value_counts().drop("").to_dict() == {
        "none": 135,
        "rio": 20,
        "pact": 35,
    }
    assert "state_year.parquet" in json.loads(panel.attrs["sha256"])
    votes = load.load_votes(spec, spec.case("libya"))
    assert set(np.unique(votes["session"])) == {61, 62, 63, 64, 65}
    assert votes["date"].max() <= np.datetime64("2010-12-31")


@needs_shared
@pytest.mark.parametrize("year", [1990, 1991, 1996, 2000, 2006, 2012, 2018])
def test_covariates_and_guarantees_of_any_year(year, tmp_path):
    """Afghanistan 2001 (year 2000) is one of them; its eve differs from that of Iraq as it must."""
    spec = DataSpec(cases=(made_up_case(tmp_path / "own.csv", year, "AFG"),))
    panel = load.load_panel(spec)
    states = tables.load_states()
    assert int(panel["included"].sum()) == is_member(states, f"{year}-12-31").sum() - 2
    held = in_force(tables.load_guarantees(states), f"{year + 1}-03-19").query("kind == 'nato'")
    pact = panel["guarantee"].to_series()
    assert set(held["iso3"]) <= set(pact.index.get_level_values("state")[pact == "pact"])
    known = ~np.isnan(panel["covariates"].sel(covariate="distance"))
    # Byelorussia and Ukraine were members before they were states
    lacking = set(panel["state"].to_numpy()[(panel["included"] & ~known).to_numpy()[0]])
    assert lacking == ({"BLR", "UKR"} if year == 1990 else set())
    votes = load.load_votes(spec, spec.cases[0])
    assert set(np.unique(votes["session"])) == set(range(year - 1949, year - 1944))
    assert votes.sizes["item"] > 200


@needs_shared
@pytest.mark.parametrize("year", [1989, 2019])
def test_years_that_no_table_has(year, tmp_path):
    with pytest.raises(DataError, match=f"no covariates of {year}; it has 1990-2018"):
        load.load_panel(DataSpec(cases=(made_up_case(tmp_path / "own.csv", year),)))


def test_a_year_that_does_not_ship_is_refused_without_the_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path)
    monkeypatch.setattr(record, "cache_dir", lambda: tmp_path)
    monkeypatch.delenv(record.VOTES_VARIABLE, raising=False)
    with pytest.raises(DataError, match="2010 do not ship"):
        load.load_panel(DataSpec(cases=(made_up_case(tmp_path / "libya.csv"),)))
