"""Simulated coalitions in which a pact does not do the same everywhere, and the true effects by group.

Plain numpy; nothing here calls the models. Nobody has a pact in two of the five regions, as in the real data.
"""

import numpy as np
import xarray as xr
from scipy.special import expit

from models.simulate.coalitions import CASES, LEVELS, STATE_EFFECTS
from models.simulate.static import REGIONS, name_subregions

SHARE_WITH_PACT = {"Asia-Pacific": 0.15, "Eastern European": 0.4, "WEOG": 0.6}
"""Share of a region's states with a pact."""
SHARE_WITH_RIO = {"GRULAC": 0.6}
REGION_SIZE = (0.28, 0.28, 0.12, 0.17, 0.15)
SIZES = ("small", "middle", "major")
"""Names of the thirds of states by capability."""


def draw_protected_panel(n_state: int, rng: np.random.Generator) -> xr.Dataset:
    """Draw states, their capability, wealth and guarantees, the same in both cases.

    Stronger and richer states have a guarantee more often.

    Returns
    -------
    xr.Dataset
        As from ``data.load.load_panel``, without ``joined``.
    """
    region_idx = rng.permutation(
        np.repeat(np.arange(5), np.round(np.array(REGION_SIZE) * n_state).astype(int))
    )
    n_state = len(region_idx)
    region = np.array(REGIONS)[region_idx]
    strength, wealth = rng.normal(size=(2, n_state))
    wealth = 0.4 * strength + 0.9 * wealth
    level = np.zeros(n_state, dtype=int)
    for shares, number in ((SHARE_WITH_PACT, 2), (SHARE_WITH_RIO, 1)):
        for name, share in shares.items():
            inside = np.flatnonzero(region == name)
            wish = 0.4 * (strength + wealth)[inside] + rng.gumbel(size=len(inside))
            level[inside[np.argsort(-wish)[: max(2, round(share * len(inside)))]]] = number
    dims, shape = ("case", "state"), (len(CASES), n_state)
    group = np.array(SIZES)[np.digitize(strength, np.quantile(strength, [1 / 3, 2 / 3]))]
    covariates = np.stack([strength, wealth], -1)
    return xr.Dataset(
        {
            "included": (dims, np.ones(shape, dtype=bool)),
            "guarantee": (dims, np.tile(np.array(LEVELS)[level], (2, 1)), {"levels": list(LEVELS)}),
            "capability_group": (dims, np.tile(group, (2, 1)), {"levels": list(SIZES)}),
            "covariates_transformed": ((*dims, "covariate"), np.tile(covariates, (2, 1, 1))),
        },
        {
            "case": list(CASES),
            "state": [f"S{i:03d}" for i in range(n_state)],
            "covariate": ["capability", "gdp_per_capita"],
            "region": ("state", region),
            "subregion": ("state", name_subregions(region_idx)),
        },
    )


def draw_parameters(
    panel: xr.Dataset,
    rng: np.random.Generator,
    *,
    pact: float | None = None,
    by_capability: float | None = None,
    by_region: dict[str, float] | None = None,
) -> dict[str, np.ndarray]:
    """Draw the parameters of joining, logits, by the names of the model.

    Parameters
    ----------
    panel : xr.Dataset
        From ``draw_protected_panel``.
    rng : np.random.Generator
    pact : float, optional
        Effect of a pact in both cases. Default: drawn, 1.2 (sd 0.6), and Rio's 0.4 (sd 0.4).
    by_capability : float, optional
        Its change per standard deviation of capability. Default: drawn, sd 0.5, and sd 0.2 between cases.
    by_region : dict of str to float, optional
        What regions add to it; 0 in others. Default: drawn, of whose variance the cases share one half.
    """
    n_case, n_region, n_level = len(CASES), len(REGIONS), len(LEVELS) - 1
    region, subregion = (np.unique(panel[kind].values) for kind in ("region", "subregion"))
    effect = rng.normal([0.4, 1.2], [0.4, 0.6]) + 0.3 * rng.normal(size=(n_case, n_level))
    slope = rng.normal(0, 0.5, n_level) + 0.2 * rng.normal(size=(n_case, n_level))
    shared, own = rng.normal(size=(n_level, n_region)), rng.normal(size=(n_case, n_level, n_region))
    regional = np.abs(rng.normal(0, 0.5)) * np.sqrt(0.5) * (shared + own)
    if pact is not None:
        effect = np.array([[0.0, pact]] * n_case)
    if by_capability is not None:
        slope = np.array([[0.0, by_capability]] * n_case)
    if by_region is not None:
        regional = np.zeros((n_case, n_level, n_region))
        regional[:, 1] = [by_region.get(name, 0.0) for name in region]
    return {
        "intercept": rng.normal(-1.0, 0.4, n_case),
        "covariate_slope": rng.normal(0.3, 0.3, (n_case, 2)),
        "region_effect": rng.normal(0, 0.6, (n_case, n_region)),
        "subregion_effect": rng.normal(0, 0.5, (n_case, len(subregion))),
        "state_sd": np.abs(rng.normal(0, 0.7)),
        "guarantee_effect": effect,
        "guarantee_capability": slope,
        "guarantee_region": regional,
    }


def simulate_heterogeneous(
    panel: xr.Dataset, parameters: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw who joins, and compute the true effects of a pact.

    Returns
    -------
    panel : xr.Dataset
        With ``joined``, 0 or 1.
    truth : xr.Dataset
        ``ame`` and ``att`` (case, group): average effects of a pact over the states of a group and over those
        of them that have one; the last case is ``pooled``. Groups are ``overlap``: the regions with pacts;
        the thirds by capability within it; and these regions. A state's effect is averaged out, given its
        two decisions.
    """
    region = panel["region"].values
    inside = [np.unique(panel[kind].values, return_inverse=True)[1] for kind in ("region", "subregion")]
    covariates = panel["covariates_transformed"].values
    covariates = (covariates - covariates.mean((0, 1))) / covariates.std((0, 1))
    rest = parameters["intercept"][:, None] + np.einsum(
        "csk,ck->cs", covariates, parameters["covariate_slope"]
    )
    rest = rest + parameters["region_effect"][:, inside[0]] + parameters["subregion_effect"][:, inside[1]]
    effect = parameters["guarantee_effect"][:, :, None] + parameters["guarantee_region"][:, :, inside[0]]
    effect = effect + parameters["guarantee_capability"][:, :, None] * covariates[:, None, :, 0]
    has = panel["guarantee"].values[:, None] == np.array(LEVELS[1:])[:, None]
    own = rest + (effect * has).sum(1)
    joined = rng.random(own.shape) < expit(own + parameters["state_sd"] * rng.normal(size=own.shape[1]))
    nodes = parameters["state_sd"] * STATE_EFFECTS[:, None, None]
    said = np.where(joined, expit(own + nodes), expit(-own - nodes)).prod(1)
    weight = (said / said.sum(0))[:, None, :]
    change = (weight * (expit(rest + effect[:, 1] + nodes) - expit(rest + nodes))).sum(0)
    overlap = np.isin(region, list(SHARE_WITH_PACT))
    groups = {"overlap": overlap}
    groups |= {name: overlap & (panel["capability_group"].values[0] == name) for name in SIZES}
    groups |= {name: region == name for name in SHARE_WITH_PACT}
    who = np.stack(list(groups.values()))
    averages = {"ame": who, "att": who & has[0, 1]}
    truth = {}
    for name, members in averages.items():
        by_case = np.array([[change[c, m].mean() if m.any() else np.nan for m in members] for c in range(2)])
        truth[name] = (("case", "group"), np.concatenate([by_case, by_case.mean(0, keepdims=True)]))
    coords = {"case": [*CASES, "pooled"], "group": list(groups)}
    return panel.assign(joined=(("case", "state"), joined.astype(float))), xr.Dataset(truth, coords)
