"""What the study writes, from made-up draws: no fit is made."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from support.made_acts import make_acts

from analysis.commands.acts import show_acts
from analysis.report.sections.acts import build_acts
from analysis.studies.acts.plan import ActsRun, plan_acts
from analysis.studies.acts.run import SHIELD, SLOPE, estimate, save
from data.load import ActsData
from models.acts.model import prepare_cells
from models.acts.spec import ActsModelSpec
from tests.analysis.studies.acts.test_acts_study import make_posterior


class Found:
    """Results whose tables lie in one folder."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, name):
        path = self.folder / name
        return path if path.is_file() else None

    def table(self, name):
        return pd.read_csv(self.folder / name) if self.find(name) else None


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of a run in which a pact adds a logit on acts, and nothing on ordinary votes."""
    acts, ordinary, rng = make_acts(), make_acts(seed=1), np.random.default_rng(0)
    data = ActsData(acts=acts, ordinary=ordinary, windows={}, notes=("children_2025: left out",))
    run, cells = ActsRun(), {}
    plan = plan_acts(run, acts, ordinary, {})
    fits = {}
    for votes, effect in plan.fits:
        cells[votes] = prepare_cells(getattr(data, votes), ActsModelSpec())
        fits[votes, effect] = make_posterior(cells[votes], rng, effect=1.0 if votes == "acts" else 0.0)
        fits[votes, effect].attrs["convergence"] = {"max_rhat": 1.0}
    estimates = estimate(run, data, plan, fits, {})
    own = cells["acts"]
    left_out = pd.DataFrame(
        {
            "act": own.act[own.act_idx],
            "state": own.state[own.state_idx],
            "power": own.power[own.cell_power],
            "region": own.region[own.region_idx],
            "answer": own.answer.astype(int),
            "pact": own.pact,
            "agreement": rng.normal(size=len(own.answer)),
            **{f"{kind}_{k}": 1 / 3 for kind in ("with", "without") for k in range(3)},
        }
    )
    permuted = pd.DataFrame({"permutation": [0, 0], "power": ["USA", "RUS"], "shield": 0.0, "unpopular": 0.0})
    folder = tmp_path_factory.mktemp("acts")
    save(
        run,
        data,
        fits,
        estimates,
        permuted,
        left_out,
        folder,
        {"started": "", "commit": "", "notes": list(data.notes)},
    )
    return folder


def test_the_tables_are_those_that_are_promised(written):
    acts = pd.read_csv(written / "acts.csv")
    assert len(acts) == 43
    assert (acts["shield_total_mean"].dropna() > 0).all()
    effects = pd.read_csv(written / "acts_effects.csv")
    assert set(effects["votes"]) == {"acts", "ordinary", "difference"}
    assert {"power", "kind", "era", "answer", "group", "prob_positive"} <= set(effects.columns)
    slopes = pd.read_csv(written / "acts_slopes.csv")
    scales = slopes[slopes["feature"].isin(("act_sd", "power_sd", "region_sd", "state_sd"))]
    # Four fits; one number each, and one for each power of ``state_sd``.
    assert scales.groupby("feature").size().to_dict() == {
        "act_sd": 4,
        "power_sd": 4,
        "region_sd": 4,
        "state_sd": 8,
    }
    verdicts = pd.read_csv(written / "acts_verdicts.csv").set_index(["quantity", "power"])
    assert len(verdicts) == 4
    assert verdicts.loc[(SHIELD, "USA"), "verdict"] == "supported (main analysis only)"
    assert verdicts.loc[(SHIELD, "USA"), "permuted_below"] == 1
    assert verdicts.loc[(SLOPE, "RUS"), "mean"] == 0
    predictions = pd.read_csv(written / "acts_predictions.csv")
    wanted = {"with pacts", "agreement", "region", "last act", "guarantee alone"}
    assert wanted <= set(predictions["predictor"])
    assert (written / "acts_forest.png").is_file()
    assert json.loads((written / "acts.json").read_text())["notes"] == ["children_2025: left out"]


def test_the_command_and_the_report_tell_the_verdicts(written):
    console = Console(record=True, width=200)
    show_acts(written, console)
    text = console.export_text()
    assert text.count("P(> 0)") == 4
    assert "children_2025: left out" in text
    section = build_acts(Found(written))
    assert len(section.blocks) == 5
    assert "sfl acts" in build_acts(Found(written / "nothing")).blocks[0].text
