"""Prior and posterior predictions of votes and of joining, beside the observed data. Nothing is fitted."""

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from scipy.special import expit

from analysis.posterior.replication import draw_answers, expect_answers
from analysis.posterior.summaries import ENDS, summarize_draws
from models.ideal_point import build_ideal_point_model
from models.spec import IdealPointSpec

AGREEMENT_ITEMS = 60
"""Number of random items on which agreement within regions is measured: pairs of states are many."""


def describe_assembly(counts: np.ndarray, region: np.ndarray) -> dict[str, float]:
    """Return summary statistics of an assembly, for the prior predictive check.

    Parameters
    ----------
    counts : np.ndarray
        (item, state, response), counts or shares, >= 0; three responses in rising order.
    region : np.ndarray
        (state,), str.

    Returns
    -------
    dict of str to float
        Shares and differences of shares, 0 to 1.
    """
    total = counts.sum(-1, keepdims=True)
    share = counts.sum(1) / np.maximum(total.sum(1), 1e-9)
    answer = np.where(total[..., 0] > 0, counts.argmax(-1), -1)
    rng = np.random.default_rng(0)
    chosen = answer[rng.choice(len(answer), min(len(answer), AGREEMENT_ITEMS), replace=False)]
    # Equal pairs are counted from how many states of a region gave each answer (item, region, response).
    regions = np.unique(region)[:, None] == region
    number = regions.astype(float) @ (chosen[..., None] == np.arange(3))
    voted, by_answer = number.sum(-1), number.sum(1)
    equal, pairs = (number * (number - 1)).sum((1, 2)), (voted * (voted - 1)).sum(1)
    agree_within = equal / np.maximum(pairs, 1)
    agree_all = (by_answer**2).sum(1) / np.maximum(voted.sum(1) ** 2, 1)
    return {
        "share of the last answer": float(share[:, 2].mean()),
        "share of abstentions": float(share[:, 1].mean()),
        "median share of the commonest answer": float(np.median(share.max(1))),
        "spread of the share of the last answer": float(share[:, 2].std()),
        "agreement within regions above all": float(np.mean(agree_within) - np.mean(agree_all)),
    }


def simulate_prior_votes(
    votes: xr.Dataset, spec: IdealPointSpec, draws: int, seed: int
) -> Iterator[np.ndarray]:
    """Simulate assemblies from the prior: who voted on what is as observed, how they voted is drawn.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``.
    spec : IdealPointSpec
        Priors.
    draws, seed : int
        Number of assemblies, and the seed.

    Yields
    ------
    np.ndarray
        (item, state, response), int: one assembly, with as many votes as observed.
    """
    model = build_ideal_point_model(votes, spec)
    names = ["ideal_point", "discrimination", "cutpoint"]
    with warnings.catch_warnings():
        # Potentials hold the votes, which a prior must not see, and the gauge, which no vote depends on.
        warnings.filterwarnings("ignore", message=".*[Pp]otential")
        prior = pm.sample_prior_predictive(draws, model=model, var_names=names, random_seed=seed)["prior"]
    rng = np.random.default_rng(seed)
    present = votes["counts"].values.sum(-1)
    for draw in range(draws):
        one = {name: prior[name].isel(chain=0, draw=draw).values for name in names}
        some, yes = draw_answers(expect_answers(one), present, rng)
        yield np.stack([present - some, some - yes, yes], -1)


def compare_prior(votes: xr.Dataset, spec: IdealPointSpec, draws: int, seed: int) -> pd.DataFrame:
    """Return statistics of the observed assembly beside their 90 % prior predictive intervals.

    Returns
    -------
    pd.DataFrame
        ``figure, mean, lower, upper, observed, inside``.
    """
    region = votes["region"].values
    prior = pd.DataFrame(
        [describe_assembly(c, region) for c in simulate_prior_votes(votes, spec, draws, seed)]
    )
    seen = pd.Series(describe_assembly(votes["counts"].values, region))
    lower, upper = (prior.quantile(end) for end in ENDS)
    table = pd.DataFrame({"mean": prior.mean(), "lower": lower, "upper": upper, "observed": seen})
    table["inside"] = table["observed"].between(table["lower"], table["upper"])
    return table.rename_axis("figure").reset_index()


def predict_item_shares(votes: xr.Dataset, posterior: xr.Dataset, draws: int, seed: int) -> xr.DataTree:
    """Return the share of the last answer (yes, or with the US) on each item, observed and predicted.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``.
    posterior : xr.Dataset
        ``ideal_point``, ``discrimination``, ``cutpoint`` (chain, draw, ...).
    draws : int
        Number of draws of each chain, evenly spaced.
    seed : int
        Seed of the simulated votes.

    Returns
    -------
    xr.DataTree
        ``posterior_predictive`` and ``observed_data`` with ``share`` (item), in the form that ArviZ takes.
    """
    pick = np.linspace(0, posterior.sizes["draw"] - 1, draws).round().astype(int)
    thin = posterior.isel(draw=pick)
    counts = votes["counts"].sel(state=posterior["state"], item=posterior["item"])
    present = counts.sum("response")
    upper = thin["cutpoint"].isel(threshold=1, drop=True)
    probability = expit(thin["discrimination"] * thin["ideal_point"] - upper)
    probability = probability.transpose("chain", "draw", "item", "state")
    rng = np.random.default_rng(seed)
    drawn = rng.binomial(present.transpose("item", "state").values, probability.values).sum(-1)
    total = present.sum("state")
    share = xr.DataArray(drawn, dims=("chain", "draw", "item"), coords={"item": counts["item"]}) / total
    observed = counts.isel(response=-1, drop=True).sum("state") / total
    keep = ["item"]
    return xr.DataTree.from_dict(
        {
            "posterior_predictive": share.reset_coords(drop=True).to_dataset(name="share"),
            "observed_data": observed.reset_coords(
                [c for c in observed.coords if c not in keep], drop=True
            ).to_dataset(name="share"),
        }
    )


def summarize_item_curves(
    votes: xr.Dataset, posterior: xr.Dataset, items: int, grid: np.ndarray
) -> pd.DataFrame:
    """Return the probability of each answer by position, for the items that divide the states most.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``; titles are taken from here.
    posterior : xr.Dataset
        ``discrimination``, ``cutpoint`` (chain, draw, item, ...).
    items : int
        Number of items: those with the largest mean discrimination.
    grid : np.ndarray
        (position,): positions, in standard deviations of the states.

    Returns
    -------
    pd.DataFrame
        ``item, title, position, response, mean, sd, lower, upper``.
    """
    strength = np.abs(posterior["discrimination"].mean(("chain", "draw")))
    chosen = strength.sortby(strength, ascending=False)["item"].values[:items]
    part = posterior[["discrimination", "cutpoint"]].sel(item=chosen).isel(draw=slice(None, None, 5))
    position = xr.DataArray(grid, dims="position", coords={"position": grid})
    above = expit(part["discrimination"] * position - part["cutpoint"])
    at_least = [above.isel(threshold=k, drop=True) for k in (0, 1)]
    answers = xr.concat(
        [1 - at_least[0], at_least[0] - at_least[1], at_least[1]],
        pd.Index(map(str, votes["response"].values), name="response"),
    )
    table = summarize_draws(answers, ("chain", "draw"))
    titles = dict(zip(map(str, votes["item"].values), votes["title"].values, strict=True))
    sessions = dict(zip(map(str, votes["item"].values), votes["session"].values, strict=True))
    named = {
        item: title if "session" in str(title) else f"{title} (session {sessions[item]})"
        for item, title in titles.items()
    }
    return table.assign(title=[named[str(item)] for item in table["item"]])


def summarize_responses(votes: xr.Dataset) -> pd.DataFrame:
    """Return the share of each answer, and of absence, by session.

    Returns
    -------
    pd.DataFrame
        A row for each session; columns: the responses and ``absent``, as shares of all possible votes.
    """
    weight = votes["resolutions"] if "resolutions" in votes.coords else xr.ones_like(votes["session"])
    by_item = votes["counts"].sum("state").reset_coords(drop=True).to_pandas()
    by_item.columns = list(map(str, votes["response"].values))
    possible = weight.values * votes.sizes["state"]
    by_item["absent"] = possible - by_item.sum(axis=1)
    sums = by_item.groupby(votes["session"].values).sum().rename_axis("session")
    return sums.div(sums.sum(axis=1), axis=0)
