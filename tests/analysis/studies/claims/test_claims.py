"""The claims' estimates recover known effects, and find none where there is none."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.fitting import convergence
from analysis.fitting.gates import ConvergenceError
from analysis.studies.claims import estimate as claims_estimates
from analysis.studies.claims import plan as claims_plan
from analysis.studies.claims import run as claims
from analysis.studies.claims.describe import describe_goods, share_with_us
from analysis.studies.claims.estimate import (
    draw_alignment_effects,
    estimate_alone,
    estimate_formality,
    estimate_goods,
    merge_combat,
)
from analysis.studies.claims.figures import draw as claims_pictures
from analysis.studies.claims.plan import plan_claims
from analysis.studies.claims.rows import ESTIMANDS, find_row
from analysis.variants.table import MAIN
from data.alliances.build import load_alliances
from data.alliances.spec import ClaimsSpec
from data.load import FETCH_COMMAND, load_panel, load_votes
from data.panel.ties import add_client_ties, grade_by_closeness, grade_by_form
from data.spec import IRAQ, DataSpec
from data.tables.rules import DataError
from models.gibbs import clustered
from models.panel import prepare_panel_data, prepare_tiers

SHORT_CHAINS = {"WARM_UP": 60, "ENOUGH": 600, "SWEEPS": (4, 4)}
"""Settings of ``models.gibbs.clustered`` under which a model of alignment takes a third of a second."""
CLAIMS = ("asymmetry", "goods", "unpopular", "formality", "hierarchy")


@pytest.fixture(scope="module")
def panel():
    return load_panel(DataSpec())


def test_ties_are_graded_by_form(panel):
    graded = grade_by_form(panel, ClaimsSpec())
    assert graded["guarantee"].attrs["levels"] == ["none", "troops", "access", "designation", "rio", "pact"]
    iraq = graded["guarantee"].sel(case="iraq").to_series()
    assert iraq[["FRA", "EGY", "QAT", "BIH", "ARG", "CHE"]].tolist() == [
        "pact", "designation", "access", "troops", "rio", "none",
    ]  # fmt: skip
    # Bahrain is designated, has an access agreement and hosts a fleet: the highest counts.
    assert iraq["BHR"] == "designation"
    assert (graded["guarantee"].values[~panel["included"].values] == "").all()
    more = grade_by_form(panel, ClaimsSpec(troops_at_least=1))["guarantee"]
    assert int((more == "troops").sum()) > int((graded["guarantee"] == "troops").sum())


def test_panels_are_graded_by_closeness_to_the_hub(panel):
    closeness = load_alliances("closeness.csv")
    graded = grade_by_closeness(panel, closeness)
    isis = graded["guarantee"].sel(case="isis").to_series()
    assert isis[["SWE", "FRA", "BRA", "CHE"]].tolist() == ["ally_of_client", "pact", "rio", "none"]
    ties = add_client_ties(panel, closeness)["covariates_transformed"].sel(covariate="client_ties")
    # Germany is allied with the 25 other members of NATO, and with no other client of the US.
    assert np.expm1(ties.sel(case="isis", state="DEU")) == pytest.approx(
        closeness.query("iso3 == 'DEU' and year == 2013")["client_ties"].item()
    )
    assert float(ties.sel(case="iraq", state="CHE")) == 0
    with pytest.raises(DataError, match="no year 2002"):
        grade_by_closeness(panel, closeness[closeness["year"] == 2013])


def simulate_positions(panel, effect, seed, n=200):
    """Simulate positions that depend on a pact (by ``effect``), on wealth and on chance."""
    rng = np.random.default_rng(seed)
    data = prepare_panel_data(panel)
    rest = 0.4 * data.covariates[..., 0] + rng.normal(0, 0.6, panel["included"].shape)
    truth = rest + effect * (panel["guarantee"].values == "pact")
    return truth + rng.normal(0, 0.05, (n, *truth.shape))


def permute(panel, seed):
    """Permute the guarantees among the states of each case."""
    rng = np.random.default_rng(seed)
    guarantee = panel["guarantee"].values.copy()
    for case, included in enumerate(panel["included"].values):
        guarantee[case, included] = rng.permutation(guarantee[case, included])
    return panel.assign(guarantee=(("case", "state"), guarantee, panel["guarantee"].attrs))


def test_an_effect_that_is_larger_where_the_us_is_alone_is_recovered(panel, monkeypatch):
    """Worlds without a difference are in ``test_no_effect``."""
    effect = {"alone": 1.2, "others": 0.6}
    for name, value in SHORT_CHAINS.items():
        monkeypatch.setattr(clustered, name, value)
    monkeypatch.setattr(convergence, "check_chains", lambda *given, **named: None)

    def contrast(seed):
        monkeypatch.setattr(
            claims_estimates,
            "draw_positions",
            lambda fits, *_: simulate_positions(panel, effect[fits[0]], 2 * seed + (fits[0] == "alone"), 80),
        )
        names = {kind: f"{kind} 0.1, agenda" for kind in effect}
        rows = estimate_alone(panel, MAIN, names, "main", [kind for kind in effect for _ in range(2)])
        return find_row(pd.concat(rows), "alignment_pact_alone_less_others", "pooled")

    found = [contrast(seed) for seed in range(6)]
    assert sum(row["lower"] < 0.6 < row["upper"] for row in found) >= 4
    assert np.mean([row["mean"] for row in found]) == pytest.approx(0.6, abs=0.2)


def test_alignment_by_form_and_from_a_permuted_guarantee(panel, monkeypatch):
    for name, value in SHORT_CHAINS.items():
        monkeypatch.setattr(clustered, name, value)
    monkeypatch.setattr(convergence, "check_chains", lambda *given, **named: None)
    graded = grade_by_form(panel, ClaimsSpec())
    positions = simulate_positions(graded, 1.0, 4, n=80)
    rows = pd.concat(estimate_formality(graded, positions, MAIN, "main", [as_fit(made_levels(graded))]))
    row = find_row(rows, "alignment_pact_less_informal", "pooled")
    assert row["lower"] < 1.0 < row["upper"]
    assert row["prob"] > 0.95
    nothing = draw_alignment_effects(permute(panel, 1), positions, MAIN, "x")
    assert abs(float(nothing.sel(level="pact").mean())) < 0.3


def as_fit(posterior):
    """A posterior along ``sample`` as a fit of one chain."""
    one = posterior.rename(sample="draw").expand_dims("chain")
    return xr.DataTree.from_dict({"posterior": one})


def made_levels(panel, n=50):
    """A posterior of the model of joining in which every level has an effect."""
    rng = np.random.default_rng(1)
    coords = {
        "case": panel["case"].values,
        "state": panel["state"].values,
        "level": panel["guarantee"].attrs["levels"][1:],
        "covariate": [str(name) for name in panel["covariate"].values],
    }

    def draws(mean, sd, *dims):
        size = [len(coords[dim]) for dim in dims]
        return ("sample", *dims), rng.normal(mean, sd, (n, *size))

    variables = {
        "eta": draws(-1, 0.1, "case", "state"),
        "guarantee_effect": draws(1, 0.3, "case", "level"),
        "covariate_slope": draws(0, 1, "case", "covariate"),
    }
    return xr.Dataset(variables, coords)


def made_tier_posterior(panel, slope, n=50):
    """A posterior of the ordered model with a known pact effect that changes with capability."""
    rng = np.random.default_rng(0)
    dims = {"case": panel["case"].values, "state": panel["state"].values}
    level, higher = panel["guarantee"].attrs["levels"][1:], ["military", "combat"]
    return xr.Dataset(
        {
            "eta": (("sample", "case", "state"), rng.normal(-1, 0.1, (n, 2, panel.sizes["state"]))),
            "guarantee_effect": (("sample", "case", "level"), np.tile([0.2, 1.5], (n, 2, 1))),
            "guarantee_capability": (("sample", "level"), np.tile([0.0, slope], (n, 1))),
            "threshold": (("sample", "case", "higher"), np.tile([1.0, 3.0], (n, 2, 1))),
        },
        {**dims, "level": level, "higher": higher},
    )


def made_step_posterior(panel, changes, n=20):
    """Draws of the model of steps in which a pact's effect changes with capability by ``changes``."""
    level = panel["guarantee"].attrs["levels"][1:]
    change = np.random.default_rng(0).normal(0, 0.01, (n, 2, 2, 2))
    change[..., 1] += np.array(changes)[:, None]
    coords = {"case": panel["case"].values, "state": panel["state"].values, "level": level}
    return xr.Dataset(
        {
            "eta": (("sample", "step", "case", "state"), np.full((n, 2, 2, panel.sizes["state"]), -1.0)),
            "guarantee_effect": (("sample", "step", "case", "level"), np.full((n, 2, 2, 2), 0.8)),
            "guarantee_capability": (("sample", "step", "case", "level"), change),
        },
        {**coords, "step": ["political", "military"]},
    )


def test_goods_are_read_from_the_steps(panel):
    merged = merge_combat(panel)
    assert prepare_tiers(merged)[1] == ["none", "political", "military"]
    fits = [as_fit(made_step_posterior(merged, (-0.5, 1.0))), as_fit(made_tier_posterior(merged, 0.3))]
    rows = pd.concat(estimate_goods(merged, MAIN, "main", fits))
    for name, value in (("political", -0.5), ("military", 1.0), ("military_less_political", 1.5)):
        found = find_row(rows, f"capability_change_{name}", "pooled")["mean"]
        assert found == pytest.approx(value, abs=0.02)
    assert find_row(rows, "guarantee_capability", "pooled")["mean"] == pytest.approx(0.3)
    both = [
        find_row(rows, "at_least_political", "iraq", f"small, {level}")["mean"] for level in ("pact", "none")
    ]
    added = find_row(rows, "adds_political", "iraq", "small")["mean"]
    assert both[0] - both[1] == pytest.approx(added)


def test_goods_are_counted_by_hand(panel):
    votes = pd.DataFrame({"case": "iraq", "state": panel["state"].values, "with_us": 0.25})
    rows = pd.concat(describe_goods(panel, ClaimsSpec(), votes))
    of = panel.sel(case="iraq")
    small = (of["capability_group"] == "small") & (of["guarantee"] == "pact") & of["included"]
    named = float((of["tier"].where(small) >= 1).sum() / small.sum())
    assert find_row(rows, "gives_political", "iraq", "small, pact")["mean"] == pytest.approx(named)
    assert find_row(rows, "with_us", "iraq", "small, pact")["mean"] == pytest.approx(0.25)


def test_votes_with_the_us_are_counted_alike_at_both_granularities():
    agenda = share_with_us({"iraq": load_votes(DataSpec(granularity="agenda"), IRAQ)}).set_index("state")[
        "with_us"
    ]
    assert agenda["ISR"] > 0.6 > agenda["GBR"] > agenda["CUB"]
    counts = np.zeros((2, 2, 3), dtype=int)
    counts[0, 0, 0] = counts[0, 1, 2] = counts[1, 0, 1] = counts[1, 1, 0] = 1
    coords = {
        "state": ["AAA", "BBB"],
        "response": ["no", "abstain", "yes"],
        "us_vote": ("item", ["no", "absent"]),
    }
    votes = xr.Dataset({"counts": (("item", "state", "response"), counts)}, coords)
    assert share_with_us({"x": votes})["with_us"].tolist() == [1.0, 0.0]


@pytest.fixture
def made_up_fits(panel, monkeypatch, tmp_path):
    """Everything of the command except the fits, in a folder of its own."""
    kinds = {
        "total": lambda task: as_fit(made_levels(task.data)),
        "tiers": lambda task: as_fit(made_tier_posterior(task.data, 0.5)),
        "steps": lambda task: as_fit(made_step_posterior(task.data, (0.0, 0.5))),
        "ideal_point": lambda task: None,
    }

    def positions(*_):
        return simulate_positions(panel, 1.0, 3, n=50)

    monkeypatch.setattr(claims, "load_or_make", lambda task, *_, **__: (kinds[task.kind](task), False))
    for module in (claims, claims_estimates):
        monkeypatch.setattr(module, "draw_positions", positions)
    for name, value in SHORT_CHAINS.items():
        monkeypatch.setattr(clustered, name, value)
    monkeypatch.setattr(convergence, "check_chains", lambda *given, **named: None)
    monkeypatch.setattr(claims_pictures, "DPI", 60)
    monkeypatch.setattr(claims, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(claims, "OUTPUT", tmp_path / "output")
    folder = tmp_path / "results" / "main-quick"
    folder.mkdir(parents=True)
    row = {"group": "overlap", "mean": 0.1, "sd": 0.1, "lower": -0.1, "upper": 0.3, "prob_positive": 0.8}
    effects = [
        row | {"case": case, "quantity": quantity}
        for case in ("iraq", "isis", "pooled", "difference")
        for quantity in ESTIMANDS
    ]
    pd.DataFrame(effects).to_csv(folder / "effects.csv", index=False)
    return folder, kinds


@pytest.mark.parametrize("beside", [True, False], ids=["as found", "nothing beside the checkout"])
def test_the_command_writes_tables_pages_and_figures(made_up_fits, monkeypatch, tmp_path, beside):
    if not beside:
        for module in (claims, claims_plan):
            monkeypatch.setattr(module, "find_rollcalls", lambda _: None)
        monkeypatch.setattr(claims_pictures, "SHARED_DIR", tmp_path)
        # Writing the figures would take most of the time, so they are only drawn.
        monkeypatch.setattr(claims_pictures, "save_figure", lambda *_, **__: None)
    shown = run_quick()
    folder = made_up_fits[0] / "claims"
    rows = pd.read_csv(folder / "claims.csv")
    assert set(rows["claim"]) == set(CLAIMS)
    assert rows["quick"].all()
    assert pd.read_csv(folder / "verdicts.csv")["quick"].all()
    assert set(rows["kind"]) == {"description", "posterior"}
    pages = {page["claim"]: page for page in json.loads((folder / "claims.json").read_text())["claims"]}
    assert pages["asymmetry"]["verdict"] == "as claimed"
    assert pages["goods"]["together"].startswith("The probability that all")
    assert all("effect" not in sentence for sentence in pages["asymmetry"]["result"])
    for page in pages.values():
        assert all(page[part] for part in ("title", "measured", "result", "verdict", "refuted_by", "limits"))
        assert page["figures"]
        for figure in page["figures"]:
            assert figure["title"]
            if beside:
                picture = folder / figure["file"]
                assert picture.stat().st_size > 10_000
                assert "QUICK RUN" in picture.with_suffix(".svg").read_text(encoding="utf-8")
    assert "Quick run: for trying out" in shown
    if not beside:
        assert FETCH_COMMAND in pages["unpopular"]["missing"][0]
        assert "not computed" in pages["unpopular"]["result"][1]
        assert pages["unpopular"]["together"] == ""
        assert pages["unpopular"]["verdict"] == "not computed in full"
        assert "does not ship" in pages["hierarchy"]["missing"][0]
        assert "hierarchy_network.png" not in [figure["file"] for figure in pages["hierarchy"]["figures"]]
        assert "Missing:" in shown


def run_quick():
    """Run the command on the shipped tallies and return what it prints."""
    result = CliRunner().invoke(app, ["claims", "--quick"])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_fit_that_does_not_converge_leaves_out_only_its_own_claim(made_up_fits, monkeypatch):
    def fail(task):
        raise ConvergenceError("steps of support: R-hat 1.20 of 'eta', above 1.01", {})

    folder, kinds = made_up_fits
    kinds["steps"] = fail
    monkeypatch.setattr(claims_pictures, "save_figure", lambda *_, **__: None)
    run_quick()
    pages = json.loads((folder / "claims" / "claims.json").read_text())["claims"]
    goods = next(page for page in pages if page["claim"] == "goods")
    assert "R-hat 1.20" in goods["missing"][0]
    assert goods["verdict"] == "not computed"
    assert "not computed" in goods["result"][0]
    assert [figure["file"] for figure in goods["figures"]] == ["goods_exchange.png"]
    rows = pd.read_csv(folder / "claims" / "claims.csv")
    assert "pact_less_informal" in set(rows["quantity"])


def test_the_plan_names_every_fit_before_any_is_made(made_up_fits, monkeypatch):
    monkeypatch.setattr(claims_plan, "RESULTS", made_up_fits[0].parent)
    tasks = plan_claims(MAIN.quick())
    kinds = [task.kind for task in tasks]
    # The main job's effects exist, so the claims need only its stage 1.
    assert [kinds.count(kind) for kind in ("steps", "tiers", "total", "direct")] == [1, 1, 3, 0]
    assert kinds.count("ideal_point") in (2, 6)
    assert len({task.key for task in tasks}) == len({task.name for task in tasks}) == len(tasks)
    monkeypatch.setattr(claims_plan, "RESULTS", made_up_fits[0])
    assert {"direct", "effects"} <= {task.kind for task in plan_claims(MAIN.quick())}


def test_the_command_explains_without_fitting():
    result = CliRunner().invoke(app, ["claims", "--quick", "--explain"])
    assert result.exit_code == 0
    assert "steps of support, by capability (main)" in result.output


def test_an_unknown_variant_is_refused():
    result = CliRunner().invoke(app, ["claims", "mian"])
    assert result.exit_code == 2
    assert "nearest: main" in result.output
