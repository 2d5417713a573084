"""Linear predictor of stage 2, as a fused Op or as a plain graph.

    eta_cs = intercept_c + x_cs' slope_c + region_effect_c[r_s] + sum_l has_level_lcs effect_cl

As a graph it is a dozen small operations on arrays of a few hundred numbers, which cost more in overhead than
in arithmetic. The fused form is one loop for the value and one for the gradients.
"""

import pytensor.tensor as pt

from models.likelihood.fused import FusedOp, Output
from models.likelihood.predictor_numba import predict, pull_back

COEFFICIENTS = {
    "intercept": pt.dvector,
    "covariate_slope": pt.dmatrix,
    "region_effect": pt.dmatrix,
    "guarantee_effect": pt.dmatrix,
}
INPUTS = COEFFICIENTS | {"covariates": pt.dtensor3, "region_idx": None, "has_level": pt.dtensor3}
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
    region_effect,
    guarantee_effect,
    *,
    covariates,
    region_idx,
    has_level,
    implementation="fused",
):
    """Linear predictor of each state in each case, without alignment and state effect.

    Parameters
    ----------
    intercept : vector (case,)
        Logits, like all coefficients.
    covariate_slope : matrix (case, covariate)
    region_effect : matrix (case, region)
    guarantee_effect : matrix (case, level)
    covariates : tensor (case, state, covariate)
    region_idx : int vector (state,)
    has_level : tensor (level, case, state)
        0 or 1, or a dose.
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
            + region_effect[:, region_idx]
            + (has_level * guarantee_effect.T[:, :, None]).sum(0)
        )
    coefficients = (intercept, covariate_slope, region_effect, guarantee_effect)
    return PREDICTOR(*coefficients, covariates, region_idx, has_level)
