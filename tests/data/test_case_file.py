"""A case of one's own as a file: the template, what follows from the date, and every wrong line."""

import datetime
from pathlib import Path

import pandas as pd
import pytest
from support.found import needs_shared

from data.case_file import EXAMPLES_DIR, choose_cases, list_cases, read_case, write_template
from data.load import load_panel
from data.panel.covariates import derive_covariates
from data.spec import IRAQ, ISIS, DataSpec
from data.tables.read import load_coalition, load_states
from data.tables.rules import DataError
from data.votes import record

GOOD = """
label = "Libya 2011"
coalition_file = "libya.csv"
joined = "joined"
guarantee_date = 2011-03-19
exclude = ["USA", "LBY"]
tiers.political = ["joined"]
"""


def write(folder: Path, text: str = GOOD) -> Path:
    (folder / "libya.csv").write_text("iso3,joined,source,confidence\nFRA,1,a,high\nGBR,1,a,high\n")
    path = folder / "libya.toml"
    path.write_text(text)
    return path


def test_what_is_left_out_follows_from_the_date(tmp_path):
    case = read_case(write(tmp_path))
    assert (case.name, case.first_session, case.last_session, case.covariate_year) == ("libya", 61, 65, 2010)
    assert case.votes_until == datetime.date(2010, 12, 31)
    assert case.tiers == (("political", ("joined",)),)


@pytest.mark.parametrize("case", [IRAQ, ISIS], ids=lambda case: case.name)
def test_the_cases_of_the_main_analysis_follow_from_their_dates_too(tmp_path, case):
    found = read_case(write(tmp_path, GOOD.replace("2011-03-19", case.guarantee_date.isoformat())))
    for field in ("first_session", "last_session", "votes_until", "covariate_year"):
        assert getattr(found, field) == getattr(case, field)


def test_a_filled_template_is_a_case(tmp_path):
    path, table = write_template(tmp_path / "mali.toml")
    with pytest.raises(DataError, match=r"mali\.toml: label is empty: write text"):
        read_case(path)
    text = path.read_text().replace('label = ""', 'label = "Mali 2013"')
    path.write_text(text)
    with pytest.raises(DataError, match="guarantee_date is empty: write a day such as 2011-03-19"):
        read_case(path)
    path.write_text(text.replace('guarantee_date = ""', "guarantee_date = 2013-01-11"))
    case = read_case(path)
    assert (case.name, case.last_session) == ("mali", 67)
    with pytest.raises(DataError, match="no rows"):
        load_coalition(case, load_states())
    with table.open("a") as file:
        file.write("FRA,1,news,high\n")
    assert len(load_coalition(case, load_states())) == 1
    with pytest.raises(DataError, match="exists already; nothing was written"):
        write_template(path)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("guarantee_date = 2011-03-19", "guarantee_date = 2011-02-30", "not a case file"),
        ("guarantee_date = 2011-03-19", "guarantee_date = 2011-03-19T00:00:00", "write a day such as"),
        ("guarantee_date = 2011-03-19", "", "guarantee_date is missing"),
        ("label", "labal", "nearest: 'label'"),
        ('label = "Libya 2011"', "label = 3", "label = 3: write text"),
        ('["USA", "LBY"]', '"USA"', "write a list of iso3 codes"),
        ('["USA", "LBY"]', "[1]", "write a list of words"),
        ('"joined"\n', '"joined or so"\n', "joined = 'joined or so'"),
        ('"joined"\n', '"__import__(1)"\n', "allowed: columns"),
        ("tiers.political", "tiers.polical", "nearest: 'political'"),
        ('coalition_file = "libya.csv"', 'coalition_file = "lybia.csv"', "no such file beside it"),
        ("exclude", "last_session = 90\nexclude", "roll calls end with session 80"),
        ("exclude", "votes_until = 2011-04-01\nexclude", "must lie before guarantee_date"),
        ("exclude", "covariate_year = 2012\nexclude", "lies after guarantee_date"),
        ("exclude", "covariate_year = true\nexclude", "write a whole number"),
        ("exclude", 'name = "pooled"\nexclude', "stands for something else"),
        ("exclude", 'name = "../x"\nexclude', "write at most 40 small letters"),
        ("label", "label", None),
    ],
)
def test_a_wrong_line_is_named(tmp_path, old, new, part):
    path = write(tmp_path, GOOD.replace(old, new, 1))
    if part is None:
        read_case(path)
        return
    with pytest.raises(DataError) as error:
        read_case(path)
    assert str(path) in str(error.value)
    assert part in str(error.value)


def test_files_are_looked_for_beside_the_case_file(tmp_path, monkeypatch):
    path = write(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "libya.csv").write_text("not this one")
    monkeypatch.chdir(elsewhere)
    assert read_case(Path("../libya.toml")).coalition_file == str(path.with_suffix(".csv"))


def test_cases_by_name():
    assert choose_cases(["isis", "iraq"]) == (ISIS, IRAQ)
    assert [name for name, _, _ in list_cases()] == ["iraq", "isis", "libya"]
    with pytest.raises(ValueError, match="no case 'lybia'; nearest: 'libya'"):
        choose_cases(["lybia"])
    with pytest.raises(DataError, match=r"no such case file; to begin one: sfl case new lybia\.toml"):
        choose_cases(["lybia.toml"])


@pytest.fixture
def no_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path)
    monkeypatch.setattr(record, "cache_dir", lambda: tmp_path)
    monkeypatch.delenv(record.VOTES_VARIABLE, raising=False)


def test_the_example_needs_no_table_beside_the_roll_calls(no_tables):
    panel = load_panel(DataSpec(cases=choose_cases(["libya"])))
    assert float(panel["joined"].sum()) == 17
    assert panel["tier"].to_series().value_counts().to_dict() == {0.0: 169, 2.0: 10, 3.0: 7, 1.0: 4}
    joiners = panel["guarantee"].where(panel["joined"] == 1, drop=True).to_series()
    assert joiners[joiners == "none"].index.get_level_values("state").to_list() == [
        "ARE",
        "JOR",
        "QAT",
        "SWE",
    ]


@needs_shared
def test_covariates_of_the_example_are_those_of_the_state_year_table():
    made = derive_covariates(
        pd.read_parquet(record.SHARED_DIR / "state_year.parquet"), load_states(), (2010,)
    )
    shipped = pd.read_csv(EXAMPLES_DIR / "libya_covariates.csv")
    pd.testing.assert_frame_equal(shipped, made, check_dtype=False, rtol=1e-5)


def test_covariates_of_ones_own(tmp_path, no_tables):
    path = write(tmp_path)
    with pytest.raises(DataError, match=r"covariates of 2010 do not ship.*covariate_file"):
        load_panel(DataSpec(cases=(read_case(path),)))
    columns = ["iso3", "gdp_per_capita", "population", "democracy", "distance", "aid", "capability"]
    table = pd.read_csv(EXAMPLES_DIR / "libya_covariates.csv")
    table[columns].to_csv(tmp_path / "mine.csv", index=False, sep=";", decimal=",")
    path.write_text('covariate_file = "mine.csv"\n' + GOOD)
    panel = load_panel(DataSpec(cases=(read_case(path),)))
    other = load_panel(DataSpec(cases=choose_cases(["libya"])))
    assert panel["covariates"].equals(other["covariates"].assign_coords(case=["libya"]))
    table[columns[:-1]].to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(DataError, match="missing column 'capability'"):
        load_panel(DataSpec(cases=(read_case(path),)))
    table.assign(year=2009).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(DataError, match="no row of 2010"):
        load_panel(DataSpec(cases=(read_case(path),)))


def test_guarantees_of_ones_own(tmp_path, no_tables):
    text = GOOD.replace("2011-03-19", "1983-10-25").replace('["joined"]', '["joined"]\ncovariate_year = 1982')
    path = write(tmp_path, 'covariate_file = "mine.csv"\n' + text)
    table = pd.read_csv(EXAMPLES_DIR / "libya_covariates.csv").drop(columns="year")
    table.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(DataError, match=r"guarantees\.csv lists commitments from 1990.*guarantee_file"):
        load_panel(DataSpec(cases=(read_case(path),)))
    (tmp_path / "pacts.csv").write_text(
        "iso3;ccode;commitment;kind;formal;start;end;source;confidence\n"
        "FRA;220;NATO;nato;1;1949-08-24;;treaty;high\n"
    )
    path.write_text('guarantee_file = "pacts.csv"\n' + path.read_text())
    panel = load_panel(DataSpec(cases=(read_case(path),)))
    assert panel["guarantee"].sel(state="FRA").item() == "pact"
    assert panel["guarantee"].sel(state="GBR").item() == "none"


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ("FRA,0,a,high\n", "no state in the panel joined"),
        ("YUG,1,a,high\nFRA,1,a,high\n", "YUG took part by"),
        ("KOR,1,a,high\nkor,1,a,high\n", "duplicate key iso3"),
    ],
)
def test_a_coalition_that_explains_nothing_is_refused(tmp_path, rows, part):
    path = write(tmp_path, GOOD.replace("2011-03-19", "2003-03-20"))
    (tmp_path / "libya.csv").write_text("iso3,joined,source,confidence\n" + rows)
    with pytest.raises(DataError, match=part):
        load_panel(DataSpec(cases=(read_case(path),)))


def test_a_former_state_that_is_excluded_by_choice_is_listed(tmp_path):
    text = GOOD.replace("2011-03-19", "2003-03-20").replace('"LBY"', '"YUG"')
    path = write(tmp_path, text)
    (tmp_path / "libya.csv").write_text("iso3,joined,source,confidence\nYUG,1,a,high\nFRA,1,a,high\n")
    panel = load_panel(DataSpec(cases=(read_case(path),)))
    assert '"YUG": "took part, but was no UN member at the cut-off"' in panel.attrs["left_out"]


def test_an_exclusion_that_is_no_state_is_refused(tmp_path):
    path = write(tmp_path, GOOD.replace("2011-03-19", "2003-03-20").replace('"LBY"', '"LYB"'))
    with pytest.raises(DataError, match=r"not in states\.csv"):
        load_panel(DataSpec(cases=(read_case(path),)))
