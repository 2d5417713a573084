import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.made_acts import make_acts

from analysis.studies.acts.agreement import measure_agreement
from analysis.studies.acts.effects import average_acts, compute_effects, summarize
from analysis.studies.acts.judge import judge
from analysis.studies.acts.plan import ActsRun, plan_acts
from analysis.studies.acts.predict import find_last, foretell_simply, measure_rank, score_acts
from analysis.studies.acts.variants import CHOICES, change_run, choose_run
from models.acts.model import FEATURES, prepare_cells
from models.acts.spec import ActsModelSpec


@pytest.fixture(scope="module")
def acts():
    return make_acts()


def make_posterior(cells, rng, n=20, effect=1.0):
    """Draws of a model in which a pact adds ``effect`` logits everywhere."""
    slope = np.zeros((1, n, len(cells.power), len(FEATURES)))
    slope[..., 0] = effect
    coords = {"act": cells.act, "power": cells.power, "feature": list(FEATURES), "state": cells.state}
    coords |= {"covariate": cells.covariate, "region": cells.region}
    shapes = {
        "pact_act": ("act",),
        "covariate_slope": ("power", "covariate"),
        "state_effect": ("power", "state"),
        "region_effect": ("act", "region"),
        "state_sd": ("power",),
        "agreement_slope": ("power",),
        "pact_difference": ("feature",),
        **dict.fromkeys(("act_sd", "power_sd", "region_sd"), ()),
    }
    sizes = {name: len(getattr(cells, name)) for name in ("act", "power", "covariate", "state", "region")}
    sizes["feature"] = len(FEATURES)
    draws = {
        name: (("chain", "draw", *dims), 0.1 * rng.normal(size=(1, n, *(sizes[d] for d in dims))))
        for name, dims in shapes.items()
    }
    draws["pact_act"] = (draws["pact_act"][0], np.zeros_like(draws["pact_act"][1]))
    draws["pact_slope"] = (("chain", "draw", "power", "feature"), slope)
    cut = np.broadcast_to(np.array([0.0, 1.0]), (1, n, sizes["act"], 2))
    draws["cutpoint"] = (("chain", "draw", "act", "cut"), cut)
    return xr.DataTree.from_dict({"posterior": xr.Dataset(draws, coords)})


def test_effects_are_labelled_draws_of_the_protected_and_of_all(acts):
    cells = prepare_cells(acts, ActsModelSpec())
    tree = make_posterior(cells, np.random.default_rng(0))
    effects = compute_effects(tree, cells)
    assert effects.dims == ("sample", "act", "answer", "group")
    assert (effects.sel(group="protected", answer="shield") > 0.1).all()
    assert (effects.sel(group="protected", answer="shield") < 0.3).all()
    none = compute_effects(make_posterior(cells, np.random.default_rng(0), effect=0.0), cells)
    assert abs(none).max() < 1e-12
    means = average_acts(effects, acts)
    american = means.sel(power="USA", kind="all", era="all")
    by_hand = effects.sel(act=acts["act"].values[acts["power"].values == "USA"]).mean("act")
    np.testing.assert_allclose(american.values, by_hand.transpose("sample", "answer", "group").values)
    parts = set(means.indexes["part"].get_level_values("era"))
    assert parts == {"all", "to 1989", "from 1990"}


def test_every_row_has_the_probability_of_its_own_draws(acts):
    cells, rng = prepare_cells(acts, ActsModelSpec()), np.random.default_rng(3)
    effects = compute_effects(make_posterior(cells, rng, n=40), cells)
    # No two quantities have the same share above 0: a row with another's would show.
    noise = rng.normal(rng.normal(size=effects.shape[1:]), 1, effects.shape)
    means = average_acts(effects.copy(data=noise), acts)
    for draws in (means, means - means.mean("answer"), means.isel(part=0, drop=True)):
        table = summarize(draws, votes="acts")
        values = draws.stack(all=[dim for dim in draws.dims if dim != "sample"], create_index=False)
        labels = [name for name in ("power", "kind", "era", "answer", "group") if name in table]
        for k in range(values.sizes["all"]):
            own = values.isel(all=k)
            row = table[np.logical_and.reduce([table[n] == own[n].item() for n in labels])]
            assert len(row) == 1
            assert row["prob_positive"].item() == pytest.approx(float((own > 0).mean()))
            assert row["mean"].item() == pytest.approx(float(own.mean()))


def test_agreement_is_minus_the_distance_and_unknown_states_have_their_region(acts):
    few = acts.isel(act=[0])
    known = few["state"].values[few["included"].values[0]].astype(str)[1:]
    known = np.append(known, "USA")
    rng = np.random.default_rng(1)
    position = rng.normal(size=(1, 50, len(known)))
    regions = np.unique(few["region"].values)
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {
                    "ideal_point": (("chain", "draw", "state"), position),
                    "region_mean": (("chain", "draw", "region"), np.zeros((1, 50, len(regions)))),
                    "region_sd": (("chain", "draw", "region"), np.ones((1, 50, len(regions)))),
                },
                {"state": known, "region": regions},
            )
        }
    )
    found = measure_agreement(few, {int(few["window"].values[0]): tree}, 1)
    by_hand = -np.abs(position[0, :, 0] - position[0, :, -1])
    assert float(found["mean"].sel(state=known[0])[0]) == pytest.approx(by_hand.mean())
    missing = few["state"].values[few["included"].values[0]].astype(str)[0]
    assert float(found["sd"].sel(state=missing)[0]) > 0.3
    gone = tree.copy()
    gone["posterior"] = xr.DataTree(tree["posterior"].dataset.isel(state=slice(-1)))
    with pytest.raises(ValueError, match="USA cast no vote"):
        measure_agreement(few, {int(few["window"].values[0]): gone}, 1)


def make_deciding(*probs):
    names = ["shield USA", "shield RUS", "slope USA", "slope RUS"]
    return pd.DataFrame(
        {
            "quantity": [name.split()[0] for name in names[: len(probs)]],
            "power": [name.split()[1] for name in names[: len(probs)]],
            "mean": 0.1,
            "prob_positive": probs,
            "on_acts": 0.1,
        }
    )


def test_verdicts_count_all_errors_together():
    verdicts = judge(make_deciding(0.999, 0.96, 0.5, 0.01), None, None)
    assert verdicts["verdict"].tolist() == [
        "supported (main analysis only)",
        "supported (main analysis only)",
        "open",
        "contradicted (main analysis only)",
    ]
    # Three errors of 0.04 add up to more than 0.1.
    assert judge(make_deciding(0.96, 0.96, 0.96), None, None)["sure"].sum() == 2


def test_variants_make_fragile_and_permuted_pacts_are_counted():
    others = pd.DataFrame({"quantity": "shield", "power": "USA", "prob_positive": [0.99, 0.99, 0.2, 0.1]})
    others = others.assign(variant=["a", "b", "c", "within-states"], on_acts_prob=0.5)
    permuted = pd.DataFrame({"power": "USA", "shield": [0.0, 0.05, 0.2, -0.1], "unpopular": 0.0})
    verdict = judge(make_deciding(0.999), permuted, others).iloc[0]
    assert verdict["verdict"] == "fragile"
    assert verdict["permuted_below"] == 0.75
    assert verdict["agreeing"] == 2 / 3
    sure = others.assign(prob_positive=0.99)
    found = judge(make_deciding(0.999), permuted, sure).iloc[0]
    assert found["verdict"] == "supported; permuted pacts do as well"
    opposed = sure.assign(on_acts_prob=0.01)
    found = judge(make_deciding(0.999), permuted.assign(shield=0.0), opposed).iloc[0]
    assert found["verdict"] == "supported; within states the other sign"


def test_simple_predictors_never_see_the_act_itself():
    table = pd.DataFrame(
        {
            "act": ["a"] * 4 + ["b"] * 4,
            "power": "USA",
            "state": list("wxyz") * 2,
            "answer": [0, 0, 2, 2, 0, 1, 2, 2],
        }
    )
    assert find_last(table).tolist() == [-1] * 4 + [0, 0, 2, 2]
    before = foretell_simply(table, table["power"])
    changed = table.copy()
    changed.loc[:3, "answer"] = 1
    after = foretell_simply(changed, table["power"])
    np.testing.assert_allclose(before[:4], after[:4])
    assert not np.allclose(before[4:], after[4:])
    np.testing.assert_allclose(before.sum(1), 1)


def test_scores_prefer_the_better_prediction():
    rng = np.random.default_rng(0)
    answer = rng.integers(0, 3, 60)
    good = np.full((60, 3), 0.1)
    good[np.arange(60), answer] = 0.8
    table = pd.DataFrame(
        {
            "act": ["a"] * 30 + ["b"] * 30,
            "power": "USA",
            "state": np.arange(60) % 30,
            "region": "x",
            "answer": answer,
            "agreement": rng.normal(size=60),
            **{f"with_{k}": good[:, k] for k in range(3)},
            **{f"without_{k}": 1 / 3 for k in range(3)},
        }
    )
    scores = score_acts(table).groupby("predictor")[["log_score", "brier", "rank"]].mean()
    assert scores.loc["with pacts", "log_score"] > scores.loc["without pacts", "log_score"]
    assert scores.loc["with pacts", "brier"] < scores.loc["without pacts", "brier"]
    assert scores.loc["with pacts", "rank"] == 1
    assert measure_rank(np.array([0.5, 0.5]), np.array([True, False])) == 0.5


def test_every_variant_can_be_made_and_unknown_ones_name_the_nearest():
    for choice in CHOICES:
        assert change_run(ActsRun(), choice.changes, choice.name) != ActsRun()
    assert choose_run("main", ["data.rio=none"]).data.rio == "none"
    with pytest.raises(ValueError, match="nearest: since-1955"):
        choose_run("since-1950", [])
    with pytest.raises(ValueError, match="rio"):
        choose_run("main", ["data.rioo=none"])


def test_less_can_be_fitted(acts):
    def list_kinds(extent):
        return {task.kind for task in plan_acts(choose_run("main", [], extent), acts, acts, {}).tasks}

    assert list_kinds("whole") - list_kinds("permuted") == {"acts_left_out"}
    assert list_kinds("permuted") - list_kinds("effects") == {"acts_permuted"}
    with pytest.raises(ValueError, match="allowed: whole, permuted, effects"):
        choose_run("main", [], "half")


def test_a_plan_has_a_task_for_each_fit_and_a_prior_renews_only_what_uses_it(acts):
    acts = acts.assign_attrs(sha256="{}")
    main, other = (
        plan_acts(run, acts, acts, {}) for run in (ActsRun(), choose_run("main", ["model.pact_scale=1.0"]))
    )
    assert len(main.fits) == 4
    assert main.permuted is not None
    assert other.permuted is None
    assert main.fits["acts", "total"].key != other.fits["acts", "total"].key
