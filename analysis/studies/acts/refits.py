"""Refits of the model of answers: to permuted pacts, and without one act."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import gate
from analysis.fitting.fit import run_nutpie
from analysis.fitting.gates import ATTEMPTS, ConvergenceError
from analysis.posterior.draws import stack
from analysis.studies.acts.effects import average_acts, compute_effects, draw_act
from analysis.studies.acts.fit import SAVED, prepare
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from models.acts.model import Cells, build_acts_model
from models.simulate.acts import permute_pacts

STATISTICS = ["diverging", "energy", "n_steps"]
LENGTHS = (1, 2)
"""How many times the draws of the spec are taken before the refits are refused."""


def fit_permuted(
    acts: xr.Dataset, run: Any, *, cores: int = CORES, progress: Progress | None = None
) -> pd.DataFrame:
    """Fit the total effects of pacts that are dealt anew within region and session.

    Returns
    -------
    pd.DataFrame
        ``permutation, power``; ``shield``: posterior mean of the effect on the protected; ``unpopular``: of
        the slope on unpopularity.

    Raises
    ------
    ConvergenceError
        If the refits together miss a gate.
    """
    cells = prepare(acts, [], run)
    model = build_acts_model(cells, run.model)
    saved = [name for name in SAVED if name in model.named_vars]
    dealt = [
        permute_pacts(acts, np.random.default_rng(derive_seed(run.seed, "permuted", k)))
        for k in range(run.permutations)
    ]
    others = [prepare(one, [], run) for one in dealt]
    data = [{"design": other.design(), "pact": other.pact} for other in others]
    how = {"name": "permuted pacts", "seed": run.seed, "cores": cores, "progress": progress}
    fitted = run_refits(compile_model(model, saved), saved, data, run.refit, **how)
    rows = []
    for k, (one, other) in enumerate(zip(dealt, others, strict=True)):
        means = average_acts(compute_effects(fitted[k], other), one).mean("sample")
        slope = fitted[k]["posterior"]["pact_slope"].mean(("chain", "draw"))
        for power in cells.power:
            shield = means.sel(power=power, kind="all", era="all", answer="shield", group="protected")
            of_power = slope.sel(power=power, feature="unpopular")
            rows.append((k, power, float(np.squeeze(shield.values)), float(of_power)))
    return pd.DataFrame(rows, columns=["permutation", "power", "shield", "unpopular"])


def foretell_acts(
    acts: xr.Dataset, fits: list, run: Any, *, cores: int = CORES, progress: Progress | None = None
) -> pd.DataFrame:
    """Foretell every act from all others, with pacts and without.

    The answers on the act are left out of the fit. Its cutpoints and its own part of the effect are then
    drawn, within the fit, from those of other acts.

    Returns
    -------
    pd.DataFrame
        ``act, state, power, region, answer, pact, agreement``; ``with_k`` and ``without_k``: probabilities of
        answer k with the model as it is, and with no pact in it.

    Raises
    ------
    ConvergenceError
        If the refits together miss a gate.
    """
    cells = prepare(acts, fits, run)
    model = build_acts_model(cells, run.model)
    saved = [name for name in SAVED if name in model.named_vars]
    compiled = compile_model(model, saved)
    masked = [np.where(cells.act_idx == a, -1, cells.answer) for a in range(len(cells.act))]
    none = {"design": blank(cells).design(), "pact": np.zeros_like(cells.pact)}
    parts = []
    for kind, given in (("with", {}), ("without", none)):
        data = [cells.leave_out(answer) | given for answer in masked]
        how = {"seed": derive_seed(run.seed, kind), "cores": cores, "progress": progress}
        fitted = run_refits(compiled, saved, data, run.refit, name=f"acts left out, {kind} pacts", **how)
        probability = np.zeros((len(cells.answer), 3))
        for a in range(len(cells.act)):
            here = cells.act_idx == a
            act = draw_act(stack(fitted[a]["posterior"].dataset), cells, a)
            reached = act.reach(cells.pact[here] if kind == "with" else 0.0).mean(0)
            probability[here] = -np.diff(
                np.column_stack([np.ones(here.sum()), reached, np.zeros(here.sum())])
            )
        parts.append(pd.DataFrame(probability, columns=[f"{kind}_{k}" for k in range(3)]))
    about = pd.DataFrame(
        {
            "act": cells.act[cells.act_idx],
            "state": cells.state[cells.state_idx],
            "power": cells.power[cells.cell_power],
            "region": cells.region[cells.region_idx],
            "answer": cells.answer.astype(int),
            "pact": cells.pact,
            "agreement": np.nan if cells.agreement is None else cells.agreement,
        }
    )
    return pd.concat([about, *parts], axis=1)


def blank(cells: Cells) -> Cells:
    """Return cells in which no state has a pact."""
    return replace(cells, pact=np.zeros_like(cells.pact))


def run_refits(
    compiled: CompiledModel,
    saved: list[str],
    data: list[dict[str, np.ndarray]],
    sampler: SamplerSpec,
    *,
    name: str,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> list[xr.DataTree]:
    """Fit a compiled model to each of several data sets; the gates judge all refits together.

    Takes the data that change in each refit, by name. A refit with divergences is repeated with smaller
    steps. If the refits together miss a gate, all are made longer. Raises ConvergenceError if they miss it at
    every length.
    """
    # Only the length changes here; ``_refit`` itself takes smaller steps after divergences.
    for longer in LENGTHS:
        attempt, trees = replace(sampler, draws=longer * sampler.draws), []
        for number, given in enumerate(data):
            seed_of = derive_seed(seed, number)
            trees.append(_refit(compiled.with_data(**given), saved, attempt, seed_of, cores))
            if progress:
                progress((number + 1) / len(data))
        groups = {
            group: xr.concat([tree[group].dataset for tree in trees], "refit")
            for group in ("posterior", "sample_stats")
        }
        try:
            gate(xr.DataTree.from_dict(groups), name, attempt, cores)
        except ConvergenceError as error:
            failure = error
            continue
        return trees
    raise failure


def _refit(
    compiled: CompiledModel, saved: list[str], sampler: SamplerSpec, seed: int, cores: int
) -> xr.DataTree:
    for attempt in _attempts(sampler):
        tree = run_nutpie(compiled, attempt, seed=seed, cores=cores)
        if not tree["sample_stats"]["diverging"].any():
            break
    groups = {"posterior": saved, "sample_stats": STATISTICS}
    return xr.DataTree.from_dict({group: tree[group].dataset[names] for group, names in groups.items()})


def _attempts(sampler: SamplerSpec) -> Iterator[SamplerSpec]:
    for _ in range(ATTEMPTS):
        yield sampler
        sampler = sampler.step_smaller()
