"""The posterior of positions, in the schema of ArviZ.

A state is the unit that can be left out. Without its votes nothing is known of it but its region: its
position is therefore integrated out of the likelihood, and drawn anew for replicated votes.
"""

import numpy as np
import xarray as xr

from analysis.posterior.replication import align_votes
from analysis.posterior.schema.chains import describe, flatten, split_array, take_statistics, to_chains
from analysis.posterior.schema.integrated import (
    count_support,
    log_likelihood_by_state,
    replicate_support,
)
from analysis.posterior.schema.prior import draw_position_prior
from models.spec import IdealPointSpec

OBSERVED = "votes_with_us"
"""Number of a state's votes on the side of the US, on items on which the US said yes or no."""
OF_ITEMS = ("session", "date", "issue", "issues", "important", "symbol", "us_vote", "resolutions", "title")
OF_STATES = ("name", "ccode", "region")
WORDS = {
    "ideal_point": "Position: mean 0, sd 1 over the states in every draw; high is where the US votes.",
    "region_sd": "Spread of positions within a region.",
    "discrimination": "Logits per sd of positions; above 0 if states near the US tend to vote yes.",
    "inertia": "Probability that a state repeats its last answer to a resolution without deciding anew.",
}

OF_GROUPS = {
    "log_likelihood": {
        OBSERVED: "All votes of a state, its position integrated out over its region. Where Pareto "
        "k is above 0.7, a state shapes the items too much to be left out by "
        "weights."
    },
    "posterior_predictive": {
        OBSERVED: "Votes with the US of a new state of the same region, present as often as this one."
    },
}


def build_positions_tree(fit: xr.DataTree, votes: xr.Dataset, spec: IdealPointSpec, seed: int) -> xr.DataTree:
    """Put a fit of positions into the schema of ArviZ. Its draws stay as they are.

    Parameters
    ----------
    fit : xr.DataTree
        From ``analysis.fitting.fit.fit_ideal_points``.
    votes : xr.Dataset
        The votes it was fitted to; see ``data.load.load_votes``.
    spec : IdealPointSpec
        Priors and choices of the fit.
    seed : int
        Seed of replicated votes and of prior draws.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...), ``sample_stats``, and ``constant_data``: the votes. Where the fit
        keeps its items and has one dimension: ``log_likelihood``, ``posterior_predictive`` and
        ``observed_data`` with ``votes_with_us`` (state), the log probability of all votes of a state and the
        number of them with the US; ``log_prior``, ``prior``, ``prior_predictive``. Attributes of the fit.
    """
    posterior = to_chains(fit["posterior"].dataset)
    groups = {"posterior": describe(posterior, WORDS), **take_statistics(fit, posterior)}
    used = votes.sel(state=posterior["state"].values)
    if can_leave_out(posterior, spec):
        used, rng = align_votes(used, posterior), np.random.default_rng(seed)
        draws = flatten(posterior)
        likelihood = log_likelihood_by_state(draws, used, spec)
        answers = replicate_support(draws, used, spec, rng)
        groups |= {
            "log_likelihood": split_array(likelihood, posterior, ("state",)).to_dataset(name=OBSERVED),
            "posterior_predictive": split_array(answers, posterior, ("state",)).to_dataset(name=OBSERVED),
            "observed_data": count_support(used).to_dataset(name=OBSERVED),
            "log_prior": compute_log_priors(posterior, spec),
            **draw_prior_groups(used, spec, rng),
        }
    groups["constant_data"] = describe_votes(used)
    told = {name: describe(group, OF_GROUPS.get(name, {})) for name, group in groups.items()}
    tree = xr.DataTree.from_dict(told)
    tree.attrs = dict(fit.attrs)
    return tree


def can_leave_out(posterior: xr.Dataset, spec: IdealPointSpec) -> bool:
    """Whether a state's position can be integrated out here: items are kept, one axis, no testlets."""
    plain = spec.dimensions == 1 and spec.repeats != "testlet"
    return plain and {"cutpoint", "discrimination", "region_sd"} <= set(posterior.data_vars)


def describe_votes(votes: xr.Dataset) -> xr.Dataset:
    """Return the votes with what is known of items (title, date, session, issue) and states (name, code).

    Only this group has them: ArviZ's tables take no labels that some variables of a group have and others
    lack.
    """
    names = [name for name in (*OF_ITEMS, *OF_STATES) if name in votes.coords]
    return votes[["counts"]].drop_attrs().reset_coords(names)


def compute_log_priors(posterior: xr.Dataset, spec: IdealPointSpec) -> xr.Dataset:
    """Return the log density of the structural priors of items at each draw, up to a constant, by name."""
    parts = {
        "discriminations": [("discrimination_sd", 0.0, spec.discrimination_scale)],
        "midpoints": [
            ("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale),
            ("midpoint_sd", 0.0, spec.midpoint_sd_scale),
        ],
        "gaps": [
            ("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale),
            ("log_gap_sd", 0.0, spec.log_gap_sd_scale),
        ],
    }
    found = {}
    for name, variables in parts.items():
        logs = [-0.5 * ((posterior[v] - loc) / scale) ** 2 for v, loc, scale in variables if v in posterior]
        if logs:
            found[name] = sum(logs)
    if "inertia" in posterior:
        logit = np.log(posterior["inertia"]) - np.log1p(-posterior["inertia"])
        found["inertia"] = -0.5 * ((logit - spec.inertia_loc) / spec.inertia_scale) ** 2
    return xr.Dataset(
        found,
        attrs={
            "description": "Log density of the structural priors of items, up to a constant. Those of "
            "regions are not here: the scale of raw positions is a convention."
        },
    )


def draw_prior_groups(
    votes: xr.Dataset, spec: IdealPointSpec, rng: np.random.Generator
) -> dict[str, xr.Dataset]:
    """Return the groups ``prior`` and ``prior_predictive``, with one chain."""
    drawn = draw_position_prior(votes, spec, rng)
    answers = replicate_support(drawn, votes, spec, rng)
    prior = drawn.rename(sample="draw").expand_dims(chain=[0]).transpose("chain", "draw", ...)
    predicted = split_array(answers, prior, ("state",)).to_dataset(name=OBSERVED)
    return {"prior": prior.astype(np.float32), "prior_predictive": predicted}
