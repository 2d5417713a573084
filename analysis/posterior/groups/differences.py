"""Does a guarantee do the same everywhere? What the data say of differences, and what the model's form says.

Probabilities differ between groups even where a level has one effect in logits, because their baselines do.
So each difference is given twice: as estimated, and with the interactions set to 0.
"""

from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.joining import (
    ALL,
    OVERLAP,
    average_over_states,
    list_groups,
    predict_joining,
    weigh_state_effects,
)
from analysis.posterior.summaries import ENDS, summarize_draws
from models.exposure import BY_CAPABILITY, BY_REGION
from models.spec import CoalitionSpec

PRIOR_DRAWS = 100_000


def compare_groups(posterior: xr.Dataset, panel: xr.Dataset, link: str = "logit") -> pd.DataFrame:
    """Compare the total effect of each level between capability groups, and between regions.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of the model of joining without alignment, with interactions.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    link : str
        Link of the model.

    Returns
    -------
    pd.DataFrame
        ``quantity`` (``ame`` over the states of a group, ``att`` over those of them that have the level),
        ``level, case, first, second``; ``mean, sd, lower, upper, prob_positive`` of the effect in the first
        group less that in the second; ``by_form``: its mean with the interactions set to 0.
    """
    reference, *levels = panel["guarantee"].attrs["levels"]
    weights = weigh_state_effects(posterior, panel, link)
    none = posterior.assign({name: xr.zeros_like(posterior[name]) for name in (BY_CAPABILITY, BY_REGION)})
    without = predict_joining(posterior, panel, reference, weights, link=link)
    rows = []
    for level in levels:
        members = list_groups(panel, level)
        has_level = members & (panel["guarantee"] == level).reset_coords(drop=True)
        change, by_form = (
            predict_joining(draws, panel, level, weights, link=link) - without for draws in (posterior, none)
        )
        for quantity, who in (("ame", members), ("att", has_level)):
            effect, plain = (average_over_states(values, who) for values in (change, by_form))
            for first, second in list_pairs(panel):
                difference = effect.sel(group=first, drop=True) - effect.sel(group=second, drop=True)
                difference = difference.dropna("case", how="all")
                if not difference.sizes["case"]:
                    continue
                table = summarize_draws(difference)
                table["prob_positive"] = (difference > 0).mean("sample").values
                form = plain.sel(group=first, drop=True) - plain.sel(group=second, drop=True)
                table["by_form"] = form.sel(case=difference["case"]).mean("sample").values
                rows.append(table.assign(quantity=quantity, level=level, first=first, second=second))
    keys = ["quantity", "level", "case", "first", "second"]
    return pd.concat(rows, ignore_index=True)[
        [*keys, "mean", "sd", "lower", "upper", "prob_positive", "by_form"]
    ]


def list_pairs(panel: xr.Dataset) -> list[tuple[str, str]]:
    """Pairs of groups that are compared: of capability groups the larger first, and of regions."""
    sizes = panel["capability_group"].attrs["levels"][::-1] if "capability_group" in panel else []
    regions = [name for name in list_groups(panel)["group"].values if name not in (ALL, OVERLAP, *sizes)]
    return [*combinations(sizes, 2), *combinations(map(str, regions), 2)]


def describe_interactions(posterior: xr.Dataset, spec: CoalitionSpec, seed: int) -> pd.DataFrame:
    """Summarize the interactions beside their priors, so that a reader sees what the data added.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of a model of joining with interactions.
    spec : CoalitionSpec
        Its priors.
    seed : int
        Seed of the draws from the priors.

    Returns
    -------
    pd.DataFrame
        ``parameter, level, region, case, mean, sd, lower, upper, prob_positive``, logits; ``prior_mean,
        prior_sd, prior_lower, prior_upper``; ``variance_left``: posterior variance as a share of the prior's.
    """
    mean, spread, own, wide, of_region = np.random.default_rng(seed).normal(size=(5, PRIOR_DRAWS))
    region_sd = spec.interaction_region_scale * np.abs(wide)
    prior = {
        BY_CAPABILITY: spec.interaction_scale * mean + spec.interaction_case_scale * np.abs(spread) * own,
        f"{BY_REGION}_sd": region_sd,
        BY_REGION: region_sd * of_region,
    }
    tables = []
    for name, draws in prior.items():
        values = (
            posterior[name].to_dataset(name="x").to_dataarray("parameter").assign_coords(parameter=[name])
        )
        table = summarize_draws(values)
        table["prob_positive"] = (values > 0).mean("sample").values.ravel()
        lower, upper = np.quantile(draws, ENDS)
        table = table.assign(
            prior_mean=draws.mean(), prior_sd=draws.std(), prior_lower=lower, prior_upper=upper
        )
        tables.append(table.assign(variance_left=(table["sd"] / draws.std()) ** 2))
    keys = ["parameter", "level", "region", "case"]
    numbers = [c for c in tables[0].columns if c not in keys]
    return pd.concat(tables, ignore_index=True).reindex(columns=[*keys, *numbers])
