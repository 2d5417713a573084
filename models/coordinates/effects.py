"""Coordinates of the effects of stage 2 in which they are nearly independent; the priors stay as they are."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy.linalg import helmert

MIRRORED = {
    "region_sd_signed": "region_part",
    "subregion_sd_signed": "subregion_part",
    "guarantee_region_sd_signed": "guarantee_region_offset",
}
"""Variables that change sign together without changing the density."""


def place_scale(name: str, scale: float):
    """Prior scale as data of the model in context: another number then needs no new compilation."""
    return pm.Data(f"{name}_scale", scale)


def half_normal(name: str, scale: float, dims: tuple[str, ...] | None = None):
    """Standard deviation with a half-normal prior, which must multiply something symmetric about 0.

    The sampled variable has either sign, which changes nothing: the sampler can then cross 0, where the usual
    logarithm of a standard deviation has a long tail. The variable called ``name`` is its absolute value. Far
    from 0 the two signs are two modes; see ``MIRRORED``.

    Returns
    -------
    tensor
        Of shape ``dims``, with a sign.
    """
    signed = pm.Normal(f"{name}_signed", 0, place_scale(name, scale), dims=dims)
    pm.Deterministic(name, pt.abs(signed), dims=dims)
    return signed


def place_effects(kind: str, sd):
    """Effects (case, kind) ~ Normal(0, sd) of places of one kind, ``region`` or ``subregion``."""
    effect = shrink_parts(kind, sd, ("case", kind))
    return pm.Deterministic(f"{kind}_effect", effect, dims=("case", kind))


def shrink_parts(name: str, sd, dims: tuple[str, ...]):
    """Variables ~ Normal(0, sd), of shape ``dims``.

    They are sampled nearly centred where ``sd`` is large and the data identify them, nearly as offsets where
    it is small. Either parameterisation alone mixes badly at the other end.
    """
    spread = pt.sqrt(1 + sd**2)
    return sd / spread * pm.Normal(f"{name}_part", 0, spread, dims=dims)


def half_shared_effects(name: str, sd, dims: tuple[str, ...]):
    """Effects (case, *dims) ~ Normal(0, sd), of whose variance the cases share one half.

    Parameterised by the average over cases and the contrasts between them, which are independent.
    """
    n_case = len(pm.modelcontext(None).coords["case"])
    size = np.sqrt(np.where(np.arange(n_case) == 0, (n_case + 1) / 2, 0.5))
    turn = pt.as_tensor(helmert(n_case, full=True).T * size)
    # Offsets, because the data identify few of them.
    part = sd * pm.Normal(f"{name}_offset", dims=("case", *dims))
    effect = pt.dot(turn, part.reshape((n_case, -1))).reshape(part.shape)
    return pm.Deterministic(name, effect, dims=("case", *dims))


def pooled_effects(
    name: str, scale: float, case_scale: float, dims: tuple[str, ...], level_scale: float | None = None
):
    """Effects of each case ~ Normal(mean, case_sd), with mean ~ Normal(0, scale), case_sd ~ HalfNormal.

    Parameterised by the average over cases (well identified), the contrasts between cases, and the remaining
    uncertainty of the mean: the same distribution, nearly independent a posteriori.

    Parameters
    ----------
    name : str
        Name of the effects.
    scale, case_scale : float
        Normal scale of the mean, half-normal scale of the standard deviation over cases.
    dims : tuple of str
        Dims beside ``case``.
    level_scale : float, optional
        If given, the means have a common mean ~ Normal(0, scale), and a standard deviation around it with
        this half-normal scale.

    Returns
    -------
    tensor (case, *dims)
    """
    if level_scale is None:
        common, scale = 0.0, place_scale(name, scale)
    else:
        common = pm.Normal(f"{name}_common", 0, place_scale(name, scale))
        scale = half_normal(f"{name}_level_sd", level_scale)
    case_sd = half_normal(f"{name}_case_sd", case_scale, dims or None)
    n_case = len(pm.modelcontext(None).coords["case"])
    average_sd = pt.sqrt(scale**2 + case_sd**2 / n_case)
    average_offset = pm.Normal(f"{name}_average_offset", dims=dims or None)
    mean_offset = pm.Normal(f"{name}_mean_offset", dims=dims or None)
    shrunk = (scale**2 * average_offset + scale * case_sd / np.sqrt(n_case) * mean_offset) / average_sd
    pm.Deterministic(f"{name}_mean", common + shrunk, dims=dims or None)
    contrast = pm.Normal(f"{name}_contrast", dims=("contrast", *dims))
    apart = case_sd * pt.dot(helmert(n_case).T, contrast)
    return pm.Deterministic(name, common + average_sd * average_offset + apart, dims=("case", *dims))
