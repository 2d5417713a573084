import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats
from scipy.special import expit
from support.densities import draw_point, evaluate_logp, pool_two_cases
from support.ungated import short_fits

from analysis.fitting.fit import SAVED_TIERS, fit_model, list_saved
from analysis.posterior.draws import stack
from analysis.posterior.tiers import (
    compute_tiers,
    predict_tiers,
    summarize_tiers,
    tier_probability,
    weigh_states,
)
from analysis.variants.sampler import SamplerSpec
from models.coalition import build_coalition_model
from models.panel import add_capability, prepare_panel_data, prepare_tiers
from models.simulate.tiers import simulate_steps, simulate_tiers
from models.spec import CoalitionSpec, TierSpec
from models.tier import build_tier_model

SPEC = TierSpec()
WITH_CAPABILITY = TierSpec(capability_interaction=True)
STEPS = TierSpec(odds="sequential", capability_interaction=True)


def small_panel(n_state=40, seed=1, **choices):
    panel, _ = simulate_tiers(n_state=n_state, seed=seed, **choices)
    panel["included"][0, 2] = False
    panel["tier"][0, 2] = np.nan
    return panel


def half(panel):
    capability = panel["characteristics"].isel(characteristic=0, drop=True)
    groups = xr.where(capability > capability.median(), "major", "small")
    return groups.assign_attrs(levels=["small", "major"])


def test_log_density_equals_a_sum_by_hand_with_the_state_effect_integrated_by_scipy():
    panel = small_panel()
    model = build_tier_model(panel, WITH_CAPABILITY)
    v = {k.removesuffix("_signed"): x for k, x in draw_point(model, 1).items()}
    data = prepare_panel_data(add_capability(panel))
    threshold = np.concatenate([np.zeros((2, 1)), np.cumsum(np.exp(v["log_gap"]), axis=1)], axis=1)
    tau = pool_two_cases(v, "guarantee_effect", WITH_CAPABILITY.predictor.guarantee_scale)
    places, total = (("region", data.region_idx), ("subregion", data.subregion_idx)), 0.0

    def probability(case, state, nu):
        x = data.covariates[case, state]
        eta = v["intercept"][case] + x @ v["covariate_slope"][case] + nu
        for kind, index in places:
            spread = v[f"{kind}_sd"] / np.sqrt(1 + v[f"{kind}_sd"] ** 2)
            eta += spread * v[f"{kind}_part"][case, index[state]]
        eta += (tau[case] + v["guarantee_capability"] * x[1]) @ data.has_level[:, case, state]
        reached = [1, *expit(eta - threshold[case]), 0]
        tier = int(panel["tier"].values[case, state])
        return reached[tier] - reached[tier + 1]

    for state in range(panel.sizes["state"]):
        cases = [c for c in (0, 1) if panel["included"].values[c, state]]

        def integrand(nu, state=state, cases=cases):
            likelihood = np.prod([probability(c, state, nu) for c in cases])
            return likelihood * stats.norm.pdf(nu, 0, abs(v["state_sd"]))

        total += np.log(integrate.quad(integrand, -12, 12, epsabs=1e-13)[0])
    point = draw_point(model, 1)
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(point)
    assert evaluate_logp(model, point) - prior == pytest.approx(total, abs=1e-3)


def test_with_two_tiers_it_is_the_model_of_joining():
    panel = small_panel(gaps=())
    panel["joined"] = panel["tier"]
    tiers, joining = (
        build_tier_model(panel, SPEC),
        build_coalition_model(prepare_panel_data(panel), CoalitionSpec()),
    )
    point = draw_point(joining, 5)
    assert set(tiers.initial_point(0)) == set(point)
    assert evaluate_logp(tiers, point) == pytest.approx(evaluate_logp(joining, point), rel=1e-9)
    # The same check sees one state in another tier.
    panel["tier"][1, 4] = 1 - panel["tier"][1, 4]
    moved = build_tier_model(panel, SPEC)
    assert abs(evaluate_logp(moved, point) - evaluate_logp(joining, point)) > 1e-3


@pytest.mark.parametrize("field", ["log_gap_loc", "log_gap_scale", "interaction_scale"])
def test_every_prior_number_changes_the_density(field):
    panel = small_panel()
    changed = dataclasses.replace(WITH_CAPABILITY, **{field: 0.7 + getattr(WITH_CAPABILITY, field)})
    models = [build_tier_model(panel, spec) for spec in (WITH_CAPABILITY, changed)]
    point = draw_point(models[0], 2)
    assert abs(evaluate_logp(models[0], point) - evaluate_logp(models[1], point)) > 1e-3


def test_a_tier_that_nobody_reached_is_not_counted_and_bad_ones_are_refused():
    panel = small_panel()
    panel["tier"] = xr.where(panel["tier"] == 2, 3, panel["tier"]).assign_attrs(panel["tier"].attrs)
    tier, names = prepare_tiers(panel)
    assert names == ["none", "political", "combat"]
    assert tier.max() == 2
    broken = panel.copy(deep=True)
    broken["tier"][1, 3] = np.nan
    with pytest.raises(ValueError, match=r"it is not in 1 rows: S003 \(isis\)"):
        prepare_tiers(broken)
    constant = panel.copy(deep=True)
    constant["tier"][:] = 1
    with pytest.raises(ValueError, match="all states are in tier 'political'"):
        prepare_tiers(constant)
    with pytest.raises(ValueError, match="needs the characteristic 'capability'"):
        build_tier_model(panel.drop_dims("characteristic"), WITH_CAPABILITY)


def test_log_density_of_steps_equals_a_sum_by_hand():
    """Each step has its own coefficients, and a state's effect is the same in all steps and cases."""
    panel = simulate_steps(n_state=30, seed=3)
    panel["included"][0, 2] = False
    panel["tier"][0, 2] = np.nan
    model = build_tier_model(panel, STEPS)
    point = draw_point(model, 1)
    v = {k.removesuffix("_signed"): x for k, x in point.items()}
    data = prepare_panel_data(add_capability(panel))
    prior, step = STEPS.predictor, ("political", "military")
    tau = [pool_two_cases(v, f"guarantee_effect_{name}", prior.guarantee_scale) for name in step]
    phi = [pool_two_cases(v, f"guarantee_capability_{name}", STEPS.interaction_scale) for name in step]
    places = ("region", data.region_idx), ("subregion", data.subregion_idx)

    def eta(k, case, state):
        x = data.covariates[case, state]
        value = v["intercept"][k, case] + x @ v["covariate_slope"][k, case]
        for kind, index in places:
            spread = v[f"{kind}_sd"] / np.sqrt(1 + v[f"{kind}_sd"] ** 2)
            value += spread * v[f"{kind}_part"][k, case, index[state]]
        return value + (tau[k][case] + phi[k][case] * x[1]) @ data.has_level[:, case, state]

    total = 0.0
    for state in range(panel.sizes["state"]):
        signed = []
        for case in (0, 1):
            if panel["included"].values[case, state]:
                tier = int(panel["tier"].values[case, state])
                signed += [(1 if tier > k else -1, eta(k, case, state)) for k in (0, 1) if tier >= k]

        def integrand(nu, signed=signed):
            likelihood = np.prod([expit(sign * (at + nu)) for sign, at in signed])
            return likelihood * stats.norm.pdf(nu, 0, abs(v["state_sd"]))

        total += np.log(integrate.quad(integrand, -12, 12, epsabs=1e-13)[0])
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(point)
    assert evaluate_logp(model, point) - prior == pytest.approx(total, abs=1e-3)


def test_with_one_step_it_is_the_model_of_joining():
    panel = small_panel(gaps=())
    panel["joined"] = panel["tier"]
    steps = build_tier_model(panel, dataclasses.replace(SPEC, odds="sequential"))
    joining = build_coalition_model(prepare_panel_data(panel), CoalitionSpec())
    point = draw_point(joining, 5)
    renamed = {}
    for name, shape in {k: np.shape(x) for k, x in steps.initial_point(0).items()}.items():
        renamed[name] = np.reshape(point[name.replace("_political", "")], shape)
    assert len(renamed) == len(point)
    assert evaluate_logp(steps, renamed) == pytest.approx(evaluate_logp(joining, point), rel=1e-9)


def test_steps_are_predicted_by_bayes_rule():
    """A state's predicted tiers agree with a fine grid over its own effect; its answers are all used."""
    panel = simulate_steps(n_state=30, seed=3)
    rng = np.random.default_rng(2)
    dims = ("sample", "step", "case")
    posterior = xr.Dataset(
        {
            "eta": ((*dims, "state"), rng.normal(size=(5, 2, 2, 30))),
            "guarantee_effect": ((*dims, "level"), rng.normal(1, 0.3, size=(5, 2, 2, 2))),
            "guarantee_capability": ((*dims, "level"), rng.normal(0, 0.5, size=(5, 2, 2, 2))),
            "state_sd": ("sample", rng.uniform(0.5, 1.5, size=5)),
        },
        {"case": panel["case"], "state": panel["state"], "level": ["rio", "pact"],
         "step": ["political", "military"]},
    )  # fmt: skip
    predicted = predict_tiers(posterior, panel, "pact", weigh_states(posterior, panel))
    assert predicted["tier"].values.tolist() == ["none", "political", "military"]
    capability = prepare_panel_data(add_capability(panel)).covariates[..., 1]
    nu = np.linspace(-12, 12, 20001)
    levels = ["none", "rio", "pact"]
    for state in (0, 7):
        own = levels.index(str(panel["guarantee"].values[0, state]))
        for s in range(5):
            draw = posterior.isel(sample=s, state=state)

            def reach(case, level, draw=draw, state=state):
                at = draw.isel(case=case)
                added = at["guarantee_effect"] + at["guarantee_capability"] * capability[case, state]
                named, soldiers = (at["eta"] + (added.values[:, level - 1] if level else 0.0)).values
                return tier_probability(
                    np.stack([expit(nu + named), expit(nu + named) * expit(nu + soldiers)], -1)
                )

            density = stats.norm.pdf(nu, 0, draw["state_sd"].item())
            for case in (0, 1):
                density = density * reach(case, own)[:, int(panel["tier"].values[case, state])]
            expected = (reach(1, 2) * density[:, None]).sum(0) / density.sum()
            np.testing.assert_allclose(predicted.values[s, 1, state], expected, atol=1e-3)


def make_posterior(panel, n=6, seed=0):
    rng = np.random.default_rng(seed)
    coords = {"case": panel["case"], "state": panel["state"], "level": ["rio", "pact"]}
    return xr.Dataset(
        {
            "eta": (("sample", "case", "state"), rng.normal(size=(n, 2, panel.sizes["state"]))),
            "guarantee_effect": (("sample", "case", "level"), rng.normal(1, 0.3, size=(n, 2, 2))),
            "guarantee_capability": (("sample", "level"), rng.normal(0, 0.5, size=(n, 2))),
            "threshold": (("sample", "case", "higher"), np.sort(rng.uniform(0.5, 4, size=(n, 2, 2)))),
            "state_sd": ("sample", rng.uniform(0.5, 1.5, size=n)),
        },
        coords,
    )


def test_states_are_weighted_by_bayes_rule():
    """A state's predicted tiers agree with a fine grid over its own effect."""
    panel = small_panel()
    posterior = make_posterior(panel)
    predicted = predict_tiers(posterior, panel, "pact", weigh_states(posterior, panel))
    np.testing.assert_allclose(predicted.sum("tier").where(panel["included"]).values[:, 1], 1.0)
    assert predicted[:, 0, 2].isnull().all()
    capability = prepare_panel_data(add_capability(panel)).covariates[..., 1]
    nu = np.linspace(-12, 12, 20001)
    state, levels = 5, ["rio", "pact"]
    own = str(panel["guarantee"].values[0, state])
    for s in range(posterior.sizes["sample"]):
        draw = posterior.isel(sample=s)

        def reach(case, level, draw=draw):
            eta = draw["eta"].values[case, state] + nu
            if level in levels:
                k = levels.index(level)
                eta = eta + draw["guarantee_effect"].values[case, k]
                eta = eta + draw["guarantee_capability"].values[k] * capability[case, state]
            threshold = np.concatenate([[0.0], draw["threshold"].values[case]])
            return tier_probability(expit(eta[:, None] - threshold))

        density = stats.norm.pdf(nu, 0, draw["state_sd"].item())
        for case in (0, 1):
            density = density * reach(case, own)[:, int(panel["tier"].values[case, state])]
        expected = (reach(1, "pact") * density[:, None]).sum(0) / density.sum()
        np.testing.assert_allclose(predicted.values[s, 1, state], expected, atol=1e-3)


def test_the_table_averages_within_draws():
    panel = small_panel()
    posterior = make_posterior(panel)
    tiers = compute_tiers(posterior, panel, half(panel))
    table = summarize_tiers(tiers).set_index(["case", "level", "group", "tier"])
    assert len(table) == 3 * 3 * 3 * 4
    np.testing.assert_allclose(tiers.sum("tier"), 1)
    row = table.loc["pooled", "pact", "small", "combat"]
    of_cases = tiers.sel(level="pact", group="small", tier="combat", case=["iraq", "isis"])
    assert row["mean"] == pytest.approx(of_cases.mean().item())
    assert row["lower"] < row["mean"] < row["upper"]


@pytest.fixture(scope="module")
def recovered():
    """Largest errors, in posterior sd, of tiers by level and group, for each kind of data and model."""
    kinds = {
        "proportional": {},
        "interaction": {"capability_interaction": -1.5},
        "skewed": {"link": "skewed"},
    }
    errors, slopes = {}, {}
    for spec in (SPEC, WITH_CAPABILITY):
        for kind, choices in kinds.items():
            if kind == "skewed" and spec.capability_interaction:
                continue
            panel, truth = simulate_tiers(n_state=300, seed=4, **choices)
            model = build_tier_model(panel, spec)
            saved = list_saved(model, SAVED_TIERS)
            sampler = SamplerSpec(draws=400, tune=200, chains=2, target_accept=0.9)
            with short_fits():
                idata = fit_model(model, sampler, saved=saved, name=kind, seed=1)
            posterior = stack(idata["posterior"].dataset, 600)
            groups = half(panel)
            tiers = compute_tiers(posterior, panel, groups)
            worst = []
            for group in groups.attrs["levels"]:
                expected = truth["probability"].where(groups == group).mean("state")
                found = tiers.sel(group=group, level="pact", case=expected["case"])
                worst.append(abs(found.mean("sample") - expected.sel(level="pact")) / found.std("sample"))
            errors[kind, spec.capability_interaction] = float(max(w.max() for w in worst))
            if spec.capability_interaction:
                slopes[kind] = (
                    posterior["guarantee_capability"].sel(level="pact").quantile([0.05, 0.95]).values
                )
    return errors, slopes


@pytest.mark.slow
def test_tiers_are_recovered_with_and_without_an_interaction_and_a_wrong_model_fails(recovered):
    errors, slopes = recovered
    assert errors["proportional", False] < 3.5, errors
    assert errors["proportional", True] < 3.5, errors
    assert errors["interaction", True] < 3.5, errors
    assert slopes["proportional"][0] < 0 < slopes["proportional"][1]
    assert slopes["interaction"][1] < 0
    # The same check fails where the interaction is left out, and where odds are not proportional.
    assert errors["interaction", False] > 4, errors
    assert errors["skewed", False] > 4, errors
