"""Linear predictor of stage 2, as a fused Op or as a plain graph.

    eta_cs = intercept_c + x_cs' slope_c + sum_k place_effect_c[place_ks] + sum_l has_level_lcs effect_cl

As a graph it is a dozen small operations on arrays of a few hundred numbers, which cost more in overhead than
in arithmetic. The fused form is one loop for the value and one for the gradients.
"""

import pytensor.tensor as pt

from models.likelihood.fused import FusedOp, Output
from models.likelihood.predictor_numba import predict, pull_back

COEFFICIENTS = {
    "intercept": pt.dvector,
    "covariate_slope": pt.dmatrix,
    "place_effect": pt.dmatrix,
    "guarantee_effect": pt.dmatrix,
}
INPUTS = COEFFICIENTS | {"covariates": pt.dtensor3, "place_idx": None, "has_level": pt.dtensor3}
PULL_BACK = FusedOp(
    "predictor_pullback",
    pull_back,
    {"by_eta": pt.dmatrix} | INPUTS,
    tuple(map(Output, COEFFICIENTS)),
    len(INPUTS) + 1,
    contiguous=False,
)
PREDICTOR = FusedOp(
    "predictor",
    predict,
    INPUTS,
    (Output("has_level", slice(1, None)),),
    len(COEFFICIENTS),
    lambda inputs, outputs, cotangents: PULL_BACK(cotangents[0], *inputs),
    contiguous=False,
)


def linear_predictor(
    intercept,
    covariate_slope,
    place_effect,
    guarantee_effect,
    *,
    covariates,
    place_idx,
    has_level,
    implementation="fused",
):
    """Linear predictor of each state in each case, without alignment and state effect.

    Parameters
    ----------
    intercept : vector (case,)
        Logits, like all coefficients.
    covariate_slope : matrix (case, covariate)
    place_effect : matrix (case, place)
        Effects of all kinds of places: regions, and subregions after them.
    guarantee_effect : matrix (case, level)
    covariates : tensor (case, state, covariate)
    place_idx : int matrix (kind, state)
        Number of each state's place of each kind.
    has_level : tensor (level, case, state)
        0 or 1, or a dose. Interactions are further levels; see ``models.coalition.place_interactions``.
    implementation : {"fused", "graph"}
        The fused form has no gradient by the covariates. Imputed covariates need the graph.

    Returns
    -------
    matrix (case, state)
    """
    if implementation == "graph":
        return (
            intercept[:, None]
            + (covariates * covariate_slope[:, None, :]).sum(-1)
            + place_effect[:, place_idx].sum(1)
            + (has_level * guarantee_effect.T[:, :, None]).sum(0)
        )
    coefficients = (intercept, covariate_slope, place_effect, guarantee_effect)
    return PREDICTOR(*coefficients, covariates, place_idx, has_level)
