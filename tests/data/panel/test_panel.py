"""The panel: who is in it, who joined, who had a guarantee, and totals against documented counts."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import describe, load
from data.spec import COVARIATES, DataSpec
from data.tables import read as tables
from data.tables.read import in_force, is_member
from data.tables.rules import DataError


@pytest.fixture(scope="module")
def panel():
    return load.load_panel(DataSpec())


def levels(panel, case):
    guarantee = panel["guarantee"].sel(case=case).to_series()
    return guarantee[guarantee != ""].value_counts().to_dict()


def test_states_of_each_case(panel):
    assert panel["included"].sum("state").to_series().to_dict() == {"iraq": 189, "isis": 191}
    members = set(panel["state"].to_numpy()[panel["included"].sel(case="iraq").to_numpy()])
    assert {"CHE", "TLS", "SRB", "LBR", "YEM", "DEU"} <= members
    assert not {"MNE", "SSD", "USA", "IRQ"} & members
    assert {"MNE", "SSD"} <= set(panel["state"].to_numpy())
    left_out = json.loads(panel.attrs["left_out"])
    assert set(left_out["iraq"]) == {"USA", "IRQ"} == set(left_out["isis"])


def test_joiners(panel):
    assert panel["joined"].sum("state").to_series().to_dict() == {"iraq": 48, "isis": 66}
    assert np.isnan(panel["joined"].sel(case="iraq", state="MNE"))
    assert (~np.isnan(panel["joined"]) == panel["included"]).all()


def test_tiers(panel):
    tier = panel["tier"].to_series().dropna()
    counts = pd.crosstab(tier.index.get_level_values("case"), tier)
    # Iraq: 38 sent troops, 3 of them invaded; 17 only lent their names.
    assert counts.loc["iraq"].to_dict() == {0: 134, 1: 17, 2: 35, 3: 3}
    # ISIS: 33 sent forces, 13 of them bombed; 33 partners sent none.
    assert counts.loc["isis"].to_dict() == {0: 125, 1: 33, 2: 20, 3: 13}
    assert panel["tier"].attrs["levels"] == ["none", "political", "military", "combat"]


def test_guarantees(panel):
    assert levels(panel, "iraq") == {"none": 142, "rio": 21, "pact": 26}
    assert levels(panel, "isis") == {"none": 136, "rio": 20, "pact": 35}
    assert panel["guarantee"].attrs["levels"] == ["none", "rio", "pact"]
    assert panel["guarantee"].sel(state="MEX").to_numpy().tolist() == ["rio", "none"]
    assert panel["guarantee"].sel(state="BGR").to_numpy().tolist() == ["none", "pact"]


def test_designation_after_the_case_does_not_count():
    spec = DataSpec(guarantee_levels="mnna")
    panel = load.load_panel(spec)
    held = panel["commitments"].sel(case="iraq", state=["THA", "PHL", "KWT", "MAR", "PAK"]).to_numpy()
    assert not any("mnna" in kinds for kinds in held)
    later = panel["guarantee"].sel(state=["KWT", "MAR", "PAK"])
    assert (later.sel(case="iraq") == "none").all()
    assert (later.sel(case="isis") == "informal").all()
    assert panel["guarantee"].sel(case="isis", state="TUN") == "none"
    # The same check fails once the day is moved past the designations.
    moved = load.load_panel(spec.replace_case("iraq", guarantee_date="2004-12-31"))
    assert (moved["guarantee"].sel(case="iraq", state=["KWT", "MAR", "PAK"]) == "informal").all()


@pytest.mark.parametrize(
    ("coding", "iraq", "isis"),
    [
        ("pact_only", {"pact": 26}, {"pact": 35}),
        ("rio_as_pact", {"pact": 47}, {"pact": 55}),
        ("nato_only", {"nato": 18}, {"nato": 27}),
        ("nato_apart", {"nato": 18, "bilateral": 8, "rio": 21}, {"nato": 27, "bilateral": 8, "rio": 20}),
        ("no_compact", {"pact": 23, "rio": 21}, {"pact": 32, "rio": 20}),
        ("mnna", {"pact": 26, "rio": 20, "informal": 6}, {"pact": 35, "rio": 19, "informal": 10}),
        ("informal", {"pact": 26, "rio": 20, "informal": 16}, {"pact": 35, "rio": 19, "informal": 18}),
        ("informal_as_pact", {"pact": 42, "rio": 20}, {"pact": 53, "rio": 19}),
        ("atop", {"pact": 56}, {"pact": 65}),
    ],
)
def test_guarantee_codings(coding, iraq, isis):
    panel = load.load_panel(DataSpec(guarantee_levels=coding))
    for case, expected in (("iraq", iraq), ("isis", isis)):
        found = levels(panel, case)
        found.pop("none")
        assert found == expected


def test_a_commitment_holds_from_its_start_to_the_day_before_its_end():
    table = tables.load_guarantees(tables.load_states())
    mexico, turkey = table[table["iso3"] == "MEX"], table[table["iso3"] == "TUR"]
    assert [len(in_force(mexico, day)) for day in ("2004-09-05", "2004-09-06")] == [1, 0]
    assert [len(in_force(turkey, day)) for day in ("1952-02-17", "1952-02-18")] == [0, 1]


def test_every_commitment_touches_the_years_of_the_table():
    table = tables.load_guarantees(tables.load_states())
    assert ((table["start"] <= "2018-12-31") & (table["end"].isna() | (table["end"] > "1990-01-01"))).all()


def test_number_of_united_nations_members():
    states = tables.load_states()
    official = {"1990-12-31": 159, "1991-12-31": 166, "1994-12-31": 184, "1999-12-31": 187, "2000-12-31": 189}
    official |= {"2002-09-09": 189, "2002-12-31": 191, "2006-12-31": 192, "2011-12-31": 193}
    assert {day: int(is_member(states, day).sum()) for day in official} == official


@pytest.mark.parametrize(
    ("case", "joined", "states"),
    [
        ("iraq", "state_dept_18mar", 30),
        ("iraq", "troops", 38),
        ("iraq", "invasion_force", 3),
        ("iraq", "list_or_troops", 55),
        ("iraq", "list_and_troops", 31),
        ("iraq", "white_house_list & ~troops", 17),
        ("iraq", ("white_house_list", "troops"), 55),
        ("isis", "partner_2014", 56),
        ("isis", "forces", 33),
        ("isis", "air_strikes", 13),
        ("isis", "trainers", 25),
        ("isis", "arms", 18),
        ("isis", "(partner_2017 & ~partner_2014) | train_advise", 35),
    ],
)
def test_outcomes(case, joined, states):
    """Those by name are counted in the codebook too, which a test compares with what is counted."""
    panel = load.load_panel(DataSpec().replace_case(case, joined=joined))
    assert panel["joined"].sel(case=case).sum() == states


def test_on_18_march_the_transcript_counts_and_the_newspapers_are_a_variant():
    spec = DataSpec().replace_case("iraq", joined="state_dept_18mar")
    cells = (("iraq", "ISL", "state_dept_18mar", 0), ("iraq", "BGR", "state_dept_18mar", 1))
    spoken, printed = (
        load.load_panel(replace(spec, recode=recode))["joined"].sel(case="iraq") for recode in ((), cells)
    )
    assert set(spoken["state"].values[spoken.values != printed.values]) >= {"ISL", "BGR"}
    assert [spoken.sel(state=state).item() for state in ("ISL", "BGR", "PRT", "SGP")] == [1, 0, 0, 0]
    assert [printed.sel(state=state).item() for state in ("ISL", "BGR")] == [0, 1]
    assert spoken.sum() == printed.sum() == 30


def test_states_of_a_level_can_be_left_out():
    panel = load.load_panel(DataSpec(levels_left_out=("rio",)))
    assert levels(panel, "iraq") == {"none": 142, "pact": 26}
    assert panel["guarantee"].attrs["levels"] == ["none", "pact"]
    left = json.loads(panel.attrs["left_out"])
    assert left["iraq"]["BRA"] == "levels_left_out: rio"
    # Mexico had left the treaty before the second case.
    assert panel["included"].sel(state="MEX").values.tolist() == [False, True]


def test_troops_are_a_dose_in_units_of_the_median_host():
    panel = load.load_panel(DataSpec(guarantee_levels="troops"))
    assert levels(panel, "iraq")["troops"] == 27
    assert levels(panel, "isis")["troops"] == 32
    troops = panel["characteristics"].sel(characteristic="troops")
    hosts = troops.where(troops >= 100)
    unit = np.log1p(float(hosts.median()) / 100)
    dose = panel["dose"].sel(case="iraq")
    assert dose.sel(state="DEU").item() == pytest.approx(np.log1p(68701 / 100) / unit)
    assert panel["dose"].where(troops == 0, 0.0).max() == 0
    assert panel["dose"].attrs["median_troops"] == float(hosts.median())
    assert 0.4 < float((panel["dose"].where(hosts.notnull()) > 1).sum() / hosts.count()) < 0.6
    # A level above keeps its states, whatever troops they host.
    both = load.load_panel(DataSpec(guarantee_levels=(("troops", ("troops",)), ("nato", ("nato",)))))
    assert both["dose"].sel(case="iraq", state="DEU") == 0
    assert both["dose"].sel(case="iraq", state="JPN") > 1
    with pytest.raises(DataError, match="no state hosts 1000000"):
        load.load_panel(DataSpec(guarantee_levels="troops", host_troops=1_000_000))


def test_capability_groups():
    panel = load.load_panel(DataSpec())
    for case, expected in (
        ("iraq", {"small": 103, "middle": 65, "major": 21}),
        ("isis", {"small": 105, "middle": 68, "major": 18}),
    ):
        groups = panel["capability_group"].sel(case=case).values[panel["included"].sel(case=case).values]
        assert {name: int((groups == name).sum()) for name in expected} == expected
    permanent = panel["capability_group"].sel(state=["GBR", "FRA", "RUS", "CHN"])
    assert (permanent == "major").all()


def test_recode(panel):
    cells = (("iraq", "TON", "white_house_list", 0), ("isis", "AND", "partner_2017", 1))
    changed = load.load_panel(DataSpec(recode=(*cells, ("iraq", "ISR", "guarantee", "pact"))))
    for name, cells in (("joined", 2), ("guarantee", 1)):
        assert int(((panel[name] != changed[name]) & panel["included"]).sum()) == cells
    assert changed["joined"].sel(case="iraq", state="TON") == 0
    assert changed["joined"].sel(case="isis", state="AND") == 1
    assert changed["guarantee"].sel(case="iraq", state="ISR") == "pact"


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        (("iraq", "TON", "white_house_list", 1), "no effect"),
        (("iraq", "NOR", "guarantee", "pact"), "no effect"),
        (("iraq", "TON", "white_house", 0), "nearest: 'white_house_list'"),
        (("iraq", "USA", "troops", 0), "panel"),
        (("iraq", "XXX", "troops", 1), "panel"),
        (("iraq", "XXX", "guarantee", "pact"), "panel"),
        (("iraq", "MNE", "troops", 1), "panel"),
    ],
)
def test_recode_that_does_nothing_is_refused(cell, part):
    with pytest.raises(DataError, match="recode") as error:
        load.load_panel(DataSpec(recode=(cell,)))
    assert part in str(error.value)


def test_states_left_out():
    panel = load.load_panel(DataSpec(states_left_out=("FRA", "GBR")))
    assert not panel["included"].sel(state=["FRA", "GBR"]).any()
    assert panel["included"].sum() == load.load_panel(DataSpec())["included"].sum() - 4
    assert panel["state"].equals(load.load_panel(DataSpec())["state"])
    assert json.loads(panel.attrs["left_out"])["iraq"]["FRA"] == "states_left_out"
    for state in ("USA", "FRENCH", "CSK"):
        with pytest.raises(DataError, match=state):
            load.load_panel(DataSpec(states_left_out=(state,)))


def test_main_covariates_are_complete(panel):
    assert json.loads(panel.attrs["missing_covariates"]) == {"iraq": {}, "isis": {}}
    assert (~np.isnan(panel["covariates"]).any("covariate") == panel["included"]).all()
    natural, used = panel["covariates"], panel["covariates_transformed"]
    expected = np.log1p(np.maximum(natural.sel(covariate="aid"), 0))
    np.testing.assert_allclose(used.sel(covariate="aid"), expected)
    for name in ("gdp_per_capita", "population", "distance"):
        np.testing.assert_allclose(used.sel(covariate=name), np.log(natural.sel(covariate=name)))
    np.testing.assert_allclose(used.sel(covariate="democracy"), natural.sel(covariate="democracy"))


def test_missing_covariates_are_reported():
    panel = load.load_panel(DataSpec(covariates=tuple((name, "none") for name in COVARIATES)))
    missing = json.loads(panel.attrs["missing_covariates"])
    assert len(missing["iraq"]["democracy_vdem"]) == 21
    for case, names in missing.items():
        for name, states in names.items():
            assert np.isnan(panel["covariates"].sel(case=case, covariate=name, state=states)).all()
    listed = sum(len(states) for names in missing.values() for states in names.values())
    assert int((np.isnan(panel["covariates"]) & panel["included"]).sum()) == listed


def test_logarithm_of_zero_is_refused():
    with pytest.raises(DataError, match="troops"):
        load.load_panel(DataSpec(covariates=(("troops", "log"),)))


@pytest.mark.parametrize(
    ("iso3", "latitude", "longitude"),
    [("GBR", 51.5, -0.12), ("JPN", 35.68, 139.75), ("AUS", -35.28, 149.13), ("MEX", 19.43, -99.13)],
)
def test_distance_to_washington(iso3, latitude, longitude):
    table = tables.load_covariates(tables.load_states()).set_index(["iso3", "year"])["distance"]
    a, b = np.radians([38.9, -77.04]), np.radians([latitude, longitude])
    cosine = np.sin(a[0]) * np.sin(b[0]) + np.cos(a[0]) * np.cos(b[0]) * np.cos(a[1] - b[1])
    assert table[iso3, 2013] == pytest.approx(6371 * np.arccos(cosine), rel=0.005)


def test_netcdf_round_trip(panel, tmp_path):
    panel.to_netcdf(tmp_path / "panel.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "panel.nc", engine="h5netcdf") as again:
        xr.testing.assert_equal(again.load(), panel)


def test_readme_prints_the_counts_as_they_are():
    text = (tables.TABLES_DIR / "COUNTS.md").read_text(encoding="utf-8")
    assert describe.table_text(describe.summarize_rows()) in text
    assert describe.table_text(describe.summarize_members()) in text
    assert describe.table_text(describe.summarize_totals()) in text
    assert describe.table_text(describe.summarize_covariates()) in text
    votes = (tables.TABLES_DIR.parent / "votes" / "README.md").read_text(encoding="utf-8")
    assert describe.table_text(describe.summarize_votes("agenda")) in votes


def test_characteristics_hold_every_column_whatever_the_covariates(panel):
    assert panel["characteristic"].to_numpy().tolist() == list(COVARIATES)
    few = load.load_panel(DataSpec(covariates=("aid",)))
    xr.testing.assert_equal(few["characteristics"], panel["characteristics"])
    same = panel["characteristics"].sel(characteristic="aid").to_numpy()
    np.testing.assert_array_equal(same, panel["covariates"].sel(covariate="aid").to_numpy())
