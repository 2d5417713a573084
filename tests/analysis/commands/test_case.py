"""Cases of one's own on the command line."""

import pytest
from support.command import run_command
from support.found import needs_rollcalls

from analysis.commands.fit import locate_file
from analysis.variants.table import MAIN, choose_variants
from data.load import DataError, choose_cases


def test_results_are_named_after_the_cases():
    variant = choose_variants([], [], cases=choose_cases(["libya", "isis"]))[0]
    assert variant.name == "libya+isis"
    assert [case.name for case in variant.data.cases] == ["libya", "isis"]
    quick = choose_variants([], ["data.libya.joined=strikes"], quick=True, cases=variant.data.cases)[0]
    assert quick.name == "libya+isis+data.libya.joined=strikes-quick"
    assert quick.data.case("libya").joined == "strikes"


def test_the_cases_of_the_main_analysis_are_the_main_analysis():
    assert choose_variants([], [], cases=choose_cases(["iraq", "isis"]))[0] is MAIN
    assert choose_variants([], [])[0] is MAIN


def test_a_variant_of_other_cases():
    cases = choose_cases(["libya"])
    main, pact = choose_variants(["main", "guarantee-pact-only"], [], cases=cases)
    assert (main.name, pact.name) == ("libya", "libya+guarantee-pact-only")
    assert pact.data.cases == cases
    with pytest.raises(ValueError, match="nearest"):
        choose_variants(["coalition-iraq-troops"], [], cases=cases)


def test_a_file_given_to_set_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("iso3\n")
    field = "data.iraq.coalition_file"
    assert locate_file(f"{field}=mine.csv") == f"{field}={tmp_path / 'mine.csv'}"
    assert locate_file(f"{field}=coalition_iraq_2003.csv") == f"{field}=coalition_iraq_2003.csv"
    assert locate_file("data.window=3") == "data.window=3"
    with pytest.raises(DataError, match="no such file in"):
        locate_file(f"{field}=other.csv")


@pytest.mark.slow
@needs_rollcalls
def test_a_case_from_the_template_to_the_plan_of_a_run(tmp_path):
    made = run_command("case", "new", str(tmp_path / "mali.toml"))
    assert made.returncode == 0, made.stderr
    path, table = tmp_path / "mali.toml", tmp_path / "mali.csv"
    text = path.read_text().replace('label = ""', 'label = "Mali 2013"')
    path.write_text(text.replace('guarantee_date = ""', "guarantee_date = 2013-01-11"))
    table.write_text("iso3;joined;source;confidence\nFRA;1;made up;low\nTCD;1;made up;low\n")
    done = run_command("run", "--case", str(path), "--case", "isis", "--explain")
    assert done.returncode in (0, 2), done.stdout
    if done.returncode == 2:
        assert "covariates of 2012 do not ship" in done.stdout
    else:
        assert "ideal points, mali" in done.stdout
        assert "joining, direct effect" in done.stdout
