"""The fits behind the checks: each step compiles, samples and hands draws to pure functions."""

from functools import cached_property

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from analysis.fitting.fit import SAVED_TOTAL, gate, list_saved
from analysis.fitting.refits import refit, shape_refits
from analysis.posterior.answers import log_likelihood_by_state, state_contrasts
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks import confounding, controls, influence, prediction
from analysis.studies.checks.bench import (
    BRIEF,
    SHORT,
    SINGLE,
    Stage2,
    compile_stage2,
    fit_variations,
    leave_out,
)
from analysis.studies.checks.comparison import (
    EXACT,
    WITHOUT,
    check_comparison,
    compare_models,
    leave_one_state_out,
    left_out_probability,
    nest,
    stack,
    with_log_likelihood,
)
from analysis.studies.checks.power_scaling import check_scaling, compute_log_priors
from analysis.studies.checks.predictive import calibrate, check_prior, count_joiners
from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import Progress, derive_seed
from models.coalition import build_coalition_model
from models.confounding import build_confounded_model
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec

PERMUTATIONS = 200
PERMUTED = {"within cases": "within_case", "within regions": "within_region"}
"""Among whom guarantees are exchanged."""
KEPT = 5
"""Every so manieth draw of a short refit is enough for its mean."""
EFFECTS = {"total": "guarantee", "direct": "alignment"}
"""The two effects, and the nested model that each comes from."""


class Bench:
    """Everything that the checks of stage 2 share; the model is compiled when it is first needed.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    positions : np.ndarray
        (case, state): posterior mean of alignment, centred within each case.
    spec : CoalitionSpec
        Priors and choices; with state effects.
    seed : int
        Seed.
    """

    def __init__(self, panel: xr.Dataset, positions: np.ndarray, spec: CoalitionSpec, seed: int):
        self.panel, self.positions, self.spec, self.seed = panel, positions, spec, seed
        self.cases = [*map(str, panel["case"].values), "pooled"]
        self.levels = [str(level) for level in panel["guarantee"].attrs["levels"][1:]]
        self.top = len(self.levels) - 1

    @cached_property
    def stage2(self) -> Stage2:
        """The compiled model."""
        return compile_stage2(self.panel, self.positions, self.spec, seed=self.seed)

    def quantity(self, effect: str) -> str:
        """Name of an effect of the highest level."""
        return f"ame_{self.levels[self.top]}_{effect}"

    def data(self, effect: str) -> dict[str, np.ndarray]:
        """Data of the total or the direct effect."""
        data = Stage2(self.panel, self.spec, self.positions, None, self.seed).data(direct=True)
        return nest(data, EFFECTS[effect])

    def fit_effects(
        self, variations: list[dict[str, np.ndarray]], name: str, progress: Progress, sampler=SHORT
    ):
        """Posterior mean and sd of the effect in each of several fits: two arrays (fit, case)."""
        idata = fit_variations(self.stage2, variations, sampler, name, progress)
        return self.effects_of(idata, variations)

    def effects_of(self, idata: xr.DataTree, variations: list[dict[str, np.ndarray]]):
        """Effects of fits that are made; see ``fit_effects``."""
        posterior = idata["posterior"].dataset.isel(draw=slice(None, None, KEPT))
        draws = [
            average_contrasts(state_contrasts(stack(posterior.isel(refit=k)), data, self.top))
            for k, data in enumerate(variations)
        ]
        return np.array([d.mean(0) for d in draws]), np.array([d.std(0) for d in draws])

    def fit_cut(self, positions: np.ndarray, name: str):
        """Direct effect and slope of alignment over draws of the positions: the cut posterior.

        Parameters
        ----------
        positions : np.ndarray
            (draw, case, state), centred within each case.
        name : str
            What is fitted.

        Returns
        -------
        effect, sd : np.ndarray
            (case,), the last one pooled: mean and standard deviation over all draws.
        slope : np.ndarray
            (4,): mean, 90 % interval and standard deviation of the slope of alignment, mean of the cases.
        """
        data = self.data("direct")
        variations = [data | {"alignment": position} for position in positions]
        idata = fit_variations(self.stage2, variations, SHORT, name)
        means, sds = self.effects_of(idata, variations)
        slope = idata["posterior"]["alignment_slope"].mean("case").values.ravel()
        bounds = np.quantile(slope, [0.05, 0.95])
        spread = np.sqrt((sds**2).mean(0) + means.var(0))
        return means.mean(0), spread, np.array([slope.mean(), *bounds, slope.std()])


def fit_nested(bench: Bench, progress: Progress) -> xr.DataTree:
    """The nested models, from region only to alignment: a group of draws (chain, draw) for each."""
    trees = {}
    for k, model in enumerate(WITHOUT):
        data = nest(bench.data("direct"), model)
        idata = fit_variations(bench.stage2, [data], SINGLE, f"nested, {model}")
        trees[model] = idata["posterior"].dataset.isel(refit=0, drop=True)
        progress((k + 1) / len(WITHOUT))
    return xr.DataTree.from_dict(trees)


def check_model(bench: Bench, nested: xr.DataTree, progress: Progress) -> dict[str, pd.DataFrame]:
    """Prior and posterior predictive, calibration, leave-one-out, nested models, power-scaling."""
    states, panel = bench.panel["state"].values, bench.panel
    rows = list(_check_prior(bench))
    left_out, estimates, refitted, trees = {}, {}, {}, {}
    for k, model in enumerate(WITHOUT):
        data = nest(bench.data("direct"), model)
        trees[model] = with_log_likelihood(nested[model].dataset, data, states)
        left_out[model] = leave_one_state_out(bench.stage2, trees[model], data)
        estimates[model], refitted[model] = left_out[model].estimate, len(left_out[model].refits)
        k_hat = estimates[model].pareto_k
        worst = str(k_hat["unit"].values[int(k_hat.argmax())])
        rows.append(
            row(
                "psis_loo",
                model,
                value=float(estimates[model].elpd),
                lower=float(estimates[model].elpd - 1.645 * estimates[model].se),
                upper=float(estimates[model].elpd + 1.645 * estimates[model].se),
                reference=float(k_hat.max()),
                verdict="weights hold" if refitted[model] == 0 else f"{refitted[model]} refitted",
                note=f"elpd, left out by state; reference: largest Pareto k ({worst})",
            )
        )
        progress(0.2 + 0.15 * k)
    rows += check_comparison(compare_models(estimates), refitted)
    data, tree = bench.data("direct"), trees["alignment"]
    probability = left_out_probability(tree, data, left_out["alignment"])
    curve, p_value = calibrate(probability, data["joined_observed"], data["included"], seed=bench.seed)
    rows.append(
        row(
            "calibration",
            "left out by state",
            value=p_value,
            reference=0.05,
            verdict="calibrated" if p_value > 0.05 else "not calibrated",
            note="probability of bins as far off if the probabilities are right",
        )
    )
    rows += count_joiners(stack(tree["posterior"].dataset), data, panel, seed=bench.seed)
    for effect, model in EFFECTS.items():
        rows += _check_scaling(bench, trees[model], effect)
    progress(1.0)
    return {"checks": to_table(rows), "calibration": curve}


def _check_prior(bench: Bench) -> list[dict]:
    model = build_coalition_model(
        prepare_panel_data(bench.panel, bench.spec.missing), bench.spec, bench.positions
    )
    names = ["intercept", "covariate_slope", "region_effect", "guarantee_effect", "alignment_slope"]
    names = list_saved(model, names)
    prior = pm.sample_prior_predictive(2000, model=model, var_names=names, random_seed=bench.seed)
    prior = stack(prior["prior"].dataset)
    rows = check_prior(prior, bench.data("direct"), bench.cases[:-1], seed=bench.seed)
    draws = average_contrasts(state_contrasts(prior, bench.data("direct"), bench.top))
    lower, upper = np.quantile(draws[:, -1], [0.05, 0.95])
    note = "prior mean and 90 % interval of the effect: what the answer was before the data"
    value = draws[:, -1].mean()
    verdict = "open" if lower < 0 < upper else "one-sided"
    item, verdict = bench.quantity("direct"), "open" if lower < 0 < upper else "one-sided"
    bounds = {"lower": lower, "upper": upper, "reference": 0.0}
    return [*rows, row("prior_predictive", item, value=value, verdict=verdict, note=note, **bounds)]


def _check_scaling(bench: Bench, tree: xr.DataTree, effect: str) -> list[dict]:
    posterior = tree["posterior"].dataset
    shape = posterior.sizes["chain"], posterior.sizes["draw"], len(bench.cases)
    draws = average_contrasts(state_contrasts(stack(posterior), bench.data(effect), bench.top))
    effects = xr.Dataset(
        {bench.quantity(effect): (("chain", "draw", "case"), draws.reshape(shape))}, {"case": bench.cases}
    )
    priors = compute_log_priors(posterior, bench.spec)
    if effect == "total":
        priors = priors.drop_vars("alignment")
    whole = {"posterior": effects, "log_prior": priors, "log_likelihood": tree["log_likelihood"].dataset}
    return check_scaling(xr.DataTree.from_dict(whole), effect)


def find_influence(bench: Bench, nested: xr.DataTree, progress: Progress) -> pd.DataFrame:
    """Influence of each state, by weights confirmed by refits, and of each region, by refits."""
    panel, tables = bench.panel, []
    none = np.zeros(panel.sizes["state"], dtype=bool)
    answered = panel["included"].values.any(0)
    states = {str(s): panel["state"].values == s for s in panel["state"].values[answered]}
    regions = {str(r): panel["region"].values == r for r in np.unique(panel["region"].values)}
    for k, (effect, model) in enumerate(EFFECTS.items()):
        data, quantity = bench.data(effect), bench.quantity(effect)
        posterior = stack(nested[model].dataset)
        contrasts = state_contrasts(posterior, data, bench.top)
        likelihood = log_likelihood_by_state(posterior, data)
        main, sd = influence.average_without(contrasts, none), average_contrasts(contrasts).std(0)
        without, pareto_k = influence.effect_without_units(contrasts, likelihood, states)
        bad = {unit for unit, value in pareto_k.items() if value > influence.GOOD_K}
        top = [u for u in influence.most_influential(without, main) if u not in bad]
        chosen = [*sorted(bad), *top]
        fitted = [leave_out(data, states[u]) for u in chosen] + [leave_out(data, regions[r]) for r in regions]

        def told(share, k=k):
            progress((k + share) / len(EFFECTS))

        found, _ = bench.fit_effects(fitted, f"left out, {effect}", told, EXACT)
        refits = dict(zip([*chosen, *regions], found, strict=True))
        without |= {unit: refits[unit] for unit in bad}
        confirmed = {unit: refits[unit] for unit in top}
        parts = (main, sd, without, pareto_k, bad, confirmed)
        tables.append(influence.tabulate_influence("state", quantity, bench.cases, *parts))
        parts = (main, sd, {r: refits[r] for r in regions}, {}, set(regions), {})
        tables.append(influence.tabulate_influence("region", quantity, bench.cases, *parts))
    return pd.concat(tables, ignore_index=True)


def permute(bench: Bench, nested: xr.DataTree, kind: str, progress: Progress) -> pd.DataFrame:
    """Effects of guarantees dealt out by chance, by exact refits; ``kind`` is one of ``PERMUTED``."""
    data = bench.data("total")
    real = average_contrasts(state_contrasts(stack(nested["guarantee"].dataset), data, bench.top)).mean(0)
    seed = derive_seed(bench.seed, "permutation", kind)
    within = PERMUTED[kind] == "within_region"
    dealt = controls.permute_guarantees(data, PERMUTATIONS, within_region=within, seed=seed)
    effects, _ = bench.fit_effects(dealt, PERMUTED[kind], progress, BRIEF)
    return to_table(controls.check_permutations(effects, real, bench.cases, item=PERMUTED[kind]))


def predict(bench: Bench, progress: Progress) -> pd.DataFrame:
    """Fit each case alone, predict the other."""
    data, tables = bench.data("direct"), []
    names = bench.cases[:-1]
    pairs = [(a, b) for a in range(len(names)) for b in range(len(names)) if a != b]
    for k, (a, b) in enumerate(pairs):
        present = data["included"][b] == 1
        joined, seed = data["joined_observed"][b, present], derive_seed(bench.seed, "score", a, b)
        seen = data["joined_observed"][a, data["included"][a] == 1]
        rate = np.full((2, present.sum()), (seen.sum() + 0.5) / (len(seen) + 1))
        of_models = {"base_rate": rate}
        for model in prediction.PREDICTORS:
            chosen = prediction.train_on(data, a, model)
            idata = fit_variations(bench.stage2, [chosen], EXACT, f"{model} of {names[a]}")
            posterior = stack(idata["posterior"].dataset.isel(refit=0, draw=slice(None, None, KEPT)))
            # Answers of the case seen weigh the state effects; those of the other are not looked at.
            of_models[model] = prediction.predict_case(posterior, chosen, a, b)[:, present]
        for model, probability in of_models.items():
            labels = {"train": names[a], "test": names[b], "model": model}
            tables.append(prediction.summarize_scores(probability, joined, seed=seed, **labels))
        progress((k + 1) / len(pairs))
    return pd.concat(tables, ignore_index=True)


def tip(bench: Bench, nested: xr.DataTree, progress: Progress) -> pd.DataFrame:
    """The tipping surface, with measured covariates as benchmarks."""
    data = bench.data("total")
    protected, design = confounding.describe_guarantee(data, bench.top)
    names = list(map(str, bench.panel["covariate"].values))
    slopes = stack(nested["guarantee"].dataset)["covariate_slope"].mean(("sample", "case")).values
    on_guarantee = confounding.explain_guarantee(protected, design, 0.0)[1 : 1 + len(names)]
    points = [(a, b, "") for a in confounding.STRENGTHS for b in confounding.STRENGTHS]
    for name in confounding.BENCHMARKS:
        if name in names:
            k = names.index(name)
            # Turning the hidden cause round changes both signs: only that of their product counts.
            sign = np.sign(on_guarantee[k] * slopes[k])
            points.append((abs(on_guarantee[k]), sign * abs(slopes[k]), name))
    weights = [confounding.weigh_hidden(protected, design, a) for a, _, _ in points]
    model = build_confounded_model(prepare_panel_data(bench.panel), bench.spec, weights[0], 1.0)
    saved = list_saved(model, [name for name in SAVED_TOTAL if name != "eta"])
    compiled = shape_refits(model, saved, seed=derive_seed(bench.seed, "pilot, confounding"))
    variations = [
        {"hidden_log_weight": w, "strength": np.array(b)}
        for w, (_, b, _) in zip(weights, points, strict=True)
    ]
    idata = refit(compiled, variations, SHORT, seed=derive_seed(bench.seed, "confounding"), progress=progress)
    posterior = gate(idata, "unmeasured confounding", SHORT)["posterior"].dataset
    rows = []
    for k, (a, b, name) in enumerate(points):
        draws = stack(posterior.isel(refit=k, draw=slice(None, None, 2)))
        contrasts = confounding.hidden_contrasts(draws, data, bench.top, weights[k], b)
        effects = average_contrasts(contrasts)
        bounds = np.quantile(effects, [0.05, 0.95], axis=0)
        for c, case in enumerate(bench.cases):
            rows.append((a, b, case, effects[:, c].mean(), *bounds[:, c], name))
    columns = ["strength_guarantee", "strength_joining", "case", "effect", "lower", "upper", "benchmark"]
    return pd.DataFrame(rows, columns=columns)
