"""All prior numbers and model choices. The equations that they belong to are in ``models/docs``.

A spec is frozen and validated when it is made. A misspelt field is a ``TypeError``, an impossible value a
``SpecError`` that names the allowed values.
"""

from dataclasses import dataclass
from typing import Literal

from models.checked import Spec, SpecError

CAPABILITY = "capability"
"""Covariate with which a guarantee's effect may change."""


@dataclass(frozen=True, kw_only=True)
class IdealPointSpec(Spec):
    """Stage 1: the hierarchical graded-response model of one case's votes.

    Ideal points are standardised over the states of the sample. Item priors are therefore in logits per
    standard deviation of the states; ``region_*`` only say how far apart regions are beside their states.

    Attributes
    ----------
    likelihood : {"fused", "graph"}
        Implementation of the likelihood; both give the same density.
    pooling : {"region", "world"}
        States shrink towards their UN regional group or towards one common mean.
    family, family_df : {"normal", "student_t"}, float
        Distribution of states within a region, and degrees of freedom of a Student t.
    dimensions : {1, 2}
        Axes on which states differ. The first is the one along which most votes divide.
    repeats : {"inertia", "apart", "testlet", "tempered"}
        What an answer to a resolution put again is worth: a state repeats its last answer with some
        probability, or every answer is new evidence, or the answers share an effect of the state, or they
        count as fewer. See ``models.likelihood.repeated.answers``.
    inertia_loc, inertia_scale : float
        Normal prior of the log odds that a state repeats its last answer without deciding anew.
    testlet_scale, repeat_correlation : float
        Half-normal scale of the standard deviation of a state's effect on a resolution, logits (testlet);
        correlation of a state's answers to one resolution, 0 to 1 (tempered).
    absence : {"ignored", "modelled"}
        Whether an absence says nothing, or states may stay away from votes that are awkward for them. See
        ``models.likelihood.absence``. Absences coded as abstentions (``data.absence``) are none.
    absence_loc, absence_scale, absence_state_scale, absence_item_scale : float
        Normal prior of the mean log odds that a state is absent, and half-normal scales of their standard
        deviations over states and over roll calls.
    absence_slope_scale : float
        Normal scale of what is added to these log odds: by a vote on which a state is torn evenly between two
        answers, and by one on which its region and the US say the opposite.
    absence_inertia_loc, absence_inertia_scale : float
        Normal prior of the log odds that a state does as at the roll call before on the same day.
    region_mean_scale, region_log_sd_scale : float
        Half-normal scale of the standard deviation between regional means, normal scale of a log spread.
    gauge_scale : float
        Normal scale of the raw positions' mean and of the log of their standard deviation, which the votes do
        not identify. A small number holds the raw scale near the standardised one.
    midpoint_loc, midpoint_scale, log_gap_loc, log_gap_scale : float
        Normal priors of the means over items of the cutpoints' midpoint and of their log distance, logits.
    discrimination_scale, midpoint_sd_scale, log_gap_sd_scale : float
        Half-normal scales of the standard deviations over items of discriminations (logits per sd),
        midpoints and log distances.
    """

    likelihood: Literal["fused", "graph"] = "fused"
    pooling: Literal["region", "world"] = "region"
    family: Literal["normal", "student_t"] = "normal"
    family_df: float = 4.0
    dimensions: Literal[1, 2] = 1
    repeats: Literal["inertia", "apart", "testlet", "tempered"] = "inertia"
    inertia_loc: float = 0.0
    inertia_scale: float = 1.5
    testlet_scale: float = 2.0
    repeat_correlation: float = 0.7
    absence: Literal["ignored", "modelled"] = "ignored"
    absence_loc: float = -2.0
    absence_scale: float = 1.0
    absence_state_scale: float = 2.0
    absence_item_scale: float = 1.0
    absence_slope_scale: float = 2.0
    absence_inertia_loc: float = 0.0
    absence_inertia_scale: float = 1.5
    region_mean_scale: float = 3.0
    region_log_sd_scale: float = 0.5
    gauge_scale: float = 0.02
    discrimination_scale: float = 4.0
    midpoint_loc: float = 0.0
    midpoint_scale: float = 7.0
    midpoint_sd_scale: float = 4.0
    log_gap_loc: float = 0.0
    log_gap_scale: float = 1.0
    log_gap_sd_scale: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.repeat_correlation <= 1:
            given = f"IdealPointSpec.repeat_correlation = {self.repeat_correlation!r}"
            raise SpecError(f"{given}; a correlation from 0 to 1 is needed")
        if self.absence == "modelled" and self.dimensions > 1:
            raise SpecError("IdealPointSpec.absence = 'modelled' is for one dimension; allowed: 'ignored'")


@dataclass(frozen=True, kw_only=True)
class CoalitionSpec(Spec):
    """Stage 2: joining a coalition given the guarantee, alignment and covariates, in logits.

    Covariates are standardised over the state-cases; alignment is in standard deviations of the states.

    Attributes
    ----------
    likelihood : {"fused", "graph"}
        Implementation of the likelihood; both give the same density. Links other than the logit always use
        the graph.
    link : {"logit", "probit", "cauchit"}
        From the linear predictor to the probability; see ``models.likelihood.link``.
    intercept_scale, covariate_scale : float
        Normal scales of a case's intercept, and of a covariate's slope in it, per standard deviation.
    guarantee_scale, guarantee_case_scale : float
        Normal scale of the mean over cases of a guarantee level's effect (against no guarantee), and
        half-normal scale of its standard deviation over cases.
    guarantee_pooling : {"apart", "levels"}
        Whether the levels' mean effects are independent, or have a common mean: for many levels with few
        states each.
    guarantee_level_scale : float
        Half-normal scale of the standard deviation of the levels' mean effects around the common one.
    alignment_scale, alignment_case_scale : float
        The same two for the slope of alignment, per standard deviation.
    geography : {"region", "subregion"}
        Whether states differ by regional group of the Assembly only, or by subregion (M49) too.
    region_scale, subregion_scale : float
        Half-normal scales of the standard deviations of these effects within a case.
    heterogeneity : {"none", "capability-region"}
        Whether a level has one effect on all states of a case, in logits, or one that changes with log
        capability, which must be a covariate, and differs between regions (``models.exposure``).
    interaction_scale, interaction_case_scale, interaction_region_scale : float
        Normal scale of the mean over cases of that change, per standard deviation of log capability, and
        half-normal scales of its standard deviation over cases, and of a level's effect between regions.
    state_effect, state_scale : bool, float
        Whether each state has an effect, shared by the cases; half-normal scale of its standard deviation.
    missing : {"refuse", "impute"}
        Missing covariates are an error that names the rows, or unknowns of the model (``models.missing``). No
        state is dropped in either case.
    measurement_error : {"ignore", "model"}
        Whether covariates with a published standard deviation (GDP per capita) are taken as known, or are
        unknowns with that mean and standard deviation (``models.covariates``).
    missing_slope_scale : float
        Normal scale of the slopes of a missing covariate on the others and on the guarantee levels.
    missing_region_scale, missing_sd_scale : float
        Half-normal scales of the standard deviation of its regional means and of its residuals, in standard
        deviations of the covariate.
    """

    likelihood: Literal["fused", "graph"] = "fused"
    link: Literal["logit", "probit", "cauchit"] = "logit"
    intercept_scale: float = 1.5
    guarantee_scale: float = 3.0
    guarantee_case_scale: float = 1.5
    guarantee_pooling: Literal["apart", "levels"] = "apart"
    guarantee_level_scale: float = 1.0
    alignment_scale: float = 1.0
    alignment_case_scale: float = 0.5
    covariate_scale: float = 1.0
    region_scale: float = 1.0
    geography: Literal["region", "subregion"] = "subregion"
    subregion_scale: float = 1.0
    heterogeneity: Literal["none", "capability-region"] = "none"
    interaction_scale: float = 1.0
    interaction_case_scale: float = 0.5
    interaction_region_scale: float = 1.0
    state_effect: bool = True
    state_scale: float = 1.0
    missing: Literal["refuse", "impute"] = "refuse"
    measurement_error: Literal["ignore", "model"] = "ignore"
    missing_slope_scale: float = 1.0
    missing_region_scale: float = 1.0
    missing_sd_scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class TierSpec(Spec):
    """The ordered tier of support: the predictor of joining, and thresholds between the tiers, or one each.

    Attributes
    ----------
    odds : {"proportional", "sequential"}
        One predictor moves all tiers together, or each step to the next tier has a predictor of its own.
    predictor : CoalitionSpec
        Priors of the linear predictor and of the state effects. The link must be the logit; ``likelihood``
        and ``heterogeneity`` have no effect.
    log_gap_loc, log_gap_scale : float
        Normal prior of the log distance between neighbouring thresholds, logits (proportional odds).
    capability_interaction : bool
        Whether a guarantee's effect changes with log capability, which then is a covariate too.
    interaction_scale, interaction_case_scale : float
        Normal scale of that change, per standard deviation of log capability: of the one change in all cases
        (proportional odds), or of the mean over cases; half-normal scale over cases (sequential).
    """

    odds: Literal["proportional", "sequential"] = "proportional"
    predictor: CoalitionSpec = CoalitionSpec()
    log_gap_loc: float = 0.0
    log_gap_scale: float = 1.0
    capability_interaction: bool = False
    interaction_scale: float = 0.5
    interaction_case_scale: float = 0.25

    def __post_init__(self):
        super().__post_init__()
        if self.predictor.link != "logit":
            raise SpecError(f"TierSpec.predictor.link = {self.predictor.link!r}; allowed: 'logit'")


@dataclass(frozen=True, kw_only=True)
class AlignmentSpec(Spec):
    """Alignment given the guarantee: a linear model, in standard deviations of the states of stage 1.

    Attributes
    ----------
    intercept_scale, guarantee_scale, covariate_scale, region_scale : float
        Normal scales of the coefficients in a case (covariates are standardised).
    state_effect, subregion_effect : bool
        Whether each state, and each subregion, has an effect, the same in all cases.
    tails, tail_df : {"student_t", "normal"}, float
        Distribution of a state's effect and residuals, with degrees of freedom above 2. Student t allows
        single states far out.
    state_scale, subregion_scale, residual_scale : float
        Scales of the half Student t priors, with two degrees of freedom, of the standard deviations of the
        states' effects, the subregions' effects and the residuals of a case.
    """

    intercept_scale: float = 1.0
    guarantee_scale: float = 1.0
    covariate_scale: float = 1.0
    region_scale: float = 1.0
    state_effect: bool = True
    subregion_effect: bool = True
    tails: Literal["student_t", "normal"] = "student_t"
    tail_df: float = 4.0
    state_scale: float = 0.5
    subregion_scale: float = 0.5
    residual_scale: float = 0.5

    def __post_init__(self):
        super().__post_init__()
        if not self.tail_df > 2:
            given = f"AlignmentSpec.tail_df = {self.tail_df!r}"
            raise SpecError(f"{given}; more than 2 degrees of freedom are needed for a standard deviation")


@dataclass(frozen=True, kw_only=True)
class DynamicIdealPointSpec(Spec):
    """Stage 1 over many sessions: positions move from session to session, repeated resolutions bridge them.

    Every number is in standard deviations of all state-sessions, or in logits per such a deviation.

    Attributes
    ----------
    likelihood : {"fused", "graph"}
        Implementation of the likelihood; both give the same density.
    step : {"normal", "student_t"}
        Distribution of a state's move from one session to the next. Student t allows abrupt single moves:
        revolutions, the end of the Cold War.
    step_df : float
        Degrees of freedom of the Student t.
    step_log_loc, step_log_scale, step_log_sd_scale : float
        Normal prior of the mean over states of the log standard deviation (Student t: scale) of a move, and
        half-normal scale of its standard deviation over states.
    first_loc, first_loc_scale, first_sd_scale : float
        Normal prior of the mean of states' first positions, half-normal scale of their standard deviation.
    session_log_sd_scale : float
        Normal scale, around their mean, of the logs of the sessions' standard deviations of positions: how
        unlike sessions may spread. A large number leaves it to the votes, which hardly tell.
    gauge_scale : float
        As in ``IdealPointSpec``, over all state-sessions.
    warp_gauge_scale : float
        Normal scale that holds the coordinates of whole sessions to the paths. They are redundant, so it does
        not affect positions; a position's posterior sd over the root of the number of states works well.
    discrimination_scale and those of midpoints and gaps : float
        As in ``IdealPointSpec``.
    """

    likelihood: Literal["fused", "graph"] = "fused"
    step: Literal["normal", "student_t"] = "normal"
    step_df: float = 4.0
    step_log_loc: float = -2.0
    step_log_scale: float = 1.0
    step_log_sd_scale: float = 1.0
    first_loc: float = 0.0
    first_loc_scale: float = 1.0
    first_sd_scale: float = 1.0
    session_log_sd_scale: float = 0.03
    gauge_scale: float = 0.02
    warp_gauge_scale: float = 0.01
    discrimination_scale: float = 2.0
    midpoint_loc: float = 0.0
    midpoint_scale: float = 5.0
    midpoint_sd_scale: float = 4.0
    log_gap_loc: float = 0.0
    log_gap_scale: float = 1.0
    log_gap_sd_scale: float = 1.0
