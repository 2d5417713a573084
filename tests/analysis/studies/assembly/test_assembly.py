"""The whole way from a file of roll calls to positions, and a voter placed on the stored fit."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.studies.assembly.plan import choose_run, plan_assembly
from data.build import DATA_DIR
from models.assembly.matrix import prepare_matrix
from models.simulate.chamber import simulate_chamber

CHAMBER = DATA_DIR / "examples" / "chamber.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example without its last member, fitted by the command."""
    place = tmp_path_factory.mktemp("ideal")
    rows = CHAMBER.read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "votes.csv").write_text("".join(rows[:-1]), encoding="utf-8")
    (place / "new.csv").write_text(rows[0] + rows[-1], encoding="utf-8")
    arguments = ["ideal", str(place / "votes.csv"), "--group", "party", "--toward", "M54"]
    result = CliRunner().invoke(app, [*arguments, "--output", str(place / "fit")])
    assert result.exit_code == 0, result.output
    return place


@pytest.mark.slow
def test_true_positions_are_recovered(folder):
    truth = dict(zip(simulate_chamber().member, simulate_chamber().position, strict=True))
    table = pd.read_csv(folder / "fit" / "positions.csv")
    true = table["member"].map(truth)
    assert true.corr(table["mean"]) > 0.95
    assert ((table["lower"] < true) & (true < table["upper"])).mean() > 0.8
    record = json.loads((folder / "fit" / "ideal.json").read_text(encoding="utf-8"))
    assert record["convergence"]["max_rhat"] < 1.01
    assert (folder / "fit" / "positions.png").is_file()


@pytest.mark.slow
def test_a_new_voter_is_placed_near_its_true_position(folder):
    arguments = ["place", str(folder / "new.csv"), "--on", str(folder / "fit" / "ideal.nc")]
    result = CliRunner().invoke(app, [*arguments, "--output", str(folder / "placed.csv")])
    assert result.exit_code == 0, result.output
    (placed,) = pd.read_csv(folder / "placed.csv").itertuples()
    truth = simulate_chamber().position[-1]
    assert placed.lower - 0.2 < truth < placed.upper + 0.2
    assert np.isfinite(placed.pareto_k)
    assert "left out: party" in result.output


def test_members_shrink_towards_groups_only_if_there_are_several():
    frame = pd.DataFrame(simulate_chamber().answer).replace("", None)
    assert choose_run(prepare_matrix(frame)).model.pooling == "world"
    votes = prepare_matrix(frame, pd.Series(simulate_chamber().party))
    assert choose_run(votes).model.pooling == "region"
    (one,) = plan_assembly(choose_run(votes), votes)
    (other,) = plan_assembly(choose_run(votes, quick=True), votes)
    assert one.key != other.key


def test_bad_files_end_in_one_sentence_and_code_2(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("member,a,b,c\nAnn,yes,no,yes\nAnn,no,no,yes\nBob,yes,no,no\n", encoding="utf-8")
    for arguments, said in (
        (["ideal", str(path)], "'Ann'"),
        (["ideal", str(tmp_path / "none.csv")], "no such file"),
        (["place", str(path), "--on", str(tmp_path / "ideal.nc")], "no such file"),
        (["ideal", str(path), "--codes", "yes"], "no pair"),
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2
        assert said in " ".join(result.output.split())
        assert "Traceback" not in result.output
