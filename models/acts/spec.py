"""Prior numbers and choices of the model of acts. Its equations are in ``models/docs/acts.md``."""

from dataclasses import dataclass
from typing import Literal

from models.checked import Spec


@dataclass(frozen=True, kw_only=True)
class ActsModelSpec(Spec):
    """How states answer on contested acts, in logits. Covariates are standardised.

    Attributes
    ----------
    likelihood : {"fused", "graph"}
        Implementation of the likelihood; both give the same density.
    split : {"together", "within"}
        Whether a pact's effect is one number, or that within states that changed their pact beside the
        difference between states that always and never had it.
    midpoint_scale, midpoint_sd_scale : float
        Normal scale of a power's mean midpoint of the cutpoints, and half-normal scale of its standard
        deviation over acts.
    log_gap_loc, log_gap_scale, log_gap_sd_scale : float
        Normal prior of the mean log distance of the cutpoints, half-normal scale of its spread over acts.
    pact_scale : float
        Normal scale of the pact's effect that both powers share.
    slope_scale : float
        Normal scale of what unpopularity (per 0.2), force and the later era add, shared by both powers.
    power_sd_scale : float
        Half-normal scale of the standard deviation of the powers' differences, as a multiple of the two
        scales above: 0 is any great power alike.
    act_sd_scale : float
        Half-normal scale of the standard deviation of the pact's effect over acts.
    covariate_scale, agreement_scale : float
        Normal scales of the slopes of each power.
    region_scale, region_sd_scale : float
        Normal scale of a region's mean effect for a power, half-normal scale of its spread over acts.
    state_sd_scale : float
        Half-normal scale of the standard deviation of the states' effects, by power.
    """

    likelihood: Literal["fused", "graph"] = "fused"
    split: Literal["together", "within"] = "together"
    midpoint_scale: float = 3.0
    midpoint_sd_scale: float = 2.0
    log_gap_loc: float = 0.5
    log_gap_scale: float = 1.0
    log_gap_sd_scale: float = 1.0
    pact_scale: float = 2.0
    slope_scale: float = 1.0
    power_sd_scale: float = 1.0
    act_sd_scale: float = 1.0
    covariate_scale: float = 1.0
    agreement_scale: float = 1.5
    region_scale: float = 1.0
    region_sd_scale: float = 1.0
    state_sd_scale: float = 1.5
