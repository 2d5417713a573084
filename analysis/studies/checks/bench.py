"""What the checks share: data of the model of joining, and many fits of one compiled model.

The compiler and the sampler are imported by what fits, so that a plan of the checks loads neither.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts, find_overlap
from analysis.posterior.positions import draw_alignment, name_fits
from analysis.posterior.summaries import interval
from analysis.store.keys import hash_content, hash_dataset
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from analysis.variants.variant import Variant
from models.panel import Stage2Data, centre_alignment, prepare_panel_data
from models.spec import CoalitionSpec

if TYPE_CHECKING:
    from analysis.fitting.refits import RefitModel

SINGLE = SamplerSpec(draws=2000, tune=500, chains=4)
"""A fit whose numbers are reported."""
EXACT = SamplerSpec(draws=1000, tune=300, chains=4)
"""A refit that replaces or confirms importance weights."""
SHORT = SamplerSpec(draws=1000, tune=300, chains=2)
"""One of many refits whose means are compared; convergence is judged over all of them together."""
BRIEF = SamplerSpec(draws=1000, tune=500, chains=2, target_accept=0.9)
"""One of hundreds of refits; only its mean effect is used."""
KEPT = 5
"""Thinning interval of a refit: every fifth draw is enough for a mean."""
WITHOUT = {
    "region_only": ("has_level", "covariates", "alignment"),
    "covariates": ("has_level", "alignment"),
    "guarantee": ("alignment",),
    "alignment": (),
}
"""Nested models, the smallest first. Each lists the predictors that it lacks; these are set to 0."""
ALONE = "alignment_"
"""Beginning of the name of a nested model with one of several axes of alignment."""
EFFECTS = {"total": "guarantee", "direct": "alignment"}
"""The two effects, and the nested model that gives each."""

_COMPILED: dict[str, "RefitModel"] = {}
"""The model that was compiled last, by what it depends on: the checks of a run share it."""


def list_nested(axes: Sequence[str]) -> list[str]:
    """Return the nested models; with several axes of alignment also one with each axis alone, by its name."""
    return [*WITHOUT, *(f"{ALONE}{axis}" for axis in axes)]


def nest(data: Stage2Data, model: str, axes: Sequence[str] = ()) -> Stage2Data:
    """Return the data of a nested model: the predictors that it lacks are 0 for all states."""
    if model.startswith(ALONE):
        alone = np.arange(len(axes)) == list(axes).index(model.removeprefix(ALONE))
        return data._replace(alignment=data.alignment * alone)
    return data._replace(**{name: np.zeros_like(getattr(data, name)) for name in WITHOUT[model]})


def leave_out(data: Stage2Data, states: np.ndarray) -> Stage2Data:
    """Return the data without the answers of some states, (state,) bool; all scales stay as they are."""
    return data._replace(included=data.included * ~states)


@dataclass(eq=False)
class Bench:
    """Data of the model of joining, and the compiled model, which is made when it is first needed.

    Attributes
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    positions : np.ndarray
        (case, state) or (case, state, axis), float: posterior mean of alignment, centred within each case.
    spec : CoalitionSpec
        Priors and choices; with state effects.
    seed : int
        Seed; every group of fits derives its own.
    cores : int
        Refits that run side by side.
    progress : callable, optional
        Takes the share done of the check, 0 to 1.
    axes : sequence of str
        Names of the axes of alignment if there are several.
    """

    panel: xr.Dataset
    positions: np.ndarray
    spec: CoalitionSpec
    seed: int
    cores: int = CORES
    progress: Progress | None = None
    axes: Sequence[str] = ()

    @property
    def cases(self) -> list[str]:
        """Names of the cases, then ``pooled``."""
        return [*map(str, self.panel["case"].values), "pooled"]

    @property
    def top(self) -> int:
        """Index of the highest guarantee level among those above none."""
        return len(self.panel["guarantee"].attrs["levels"]) - 2

    @cached_property
    def model(self) -> "RefitModel":
        """The model with alignment, compiled; states, covariates and guarantees are its data."""
        from analysis.fitting.refits import compile_refits

        positions = xr.Dataset({"at": (("case", "state", "axis")[: self.positions.ndim], self.positions)})
        data = [hash_dataset(self.panel), hash_dataset(positions), self.panel["guarantee"].attrs["levels"]]
        key = hash_content([*data, asdict(self.spec), self.seed])
        if key not in _COMPILED:
            panel = prepare_panel_data(self.panel, self.spec.missing)
            seed = derive_seed(self.seed, "pilot")
            _COMPILED.clear()
            _COMPILED[key] = compile_refits(panel, self.positions, self.spec, seed=seed, axes=self.axes)
        return _COMPILED[key]

    def quantity(self, effect: str) -> str:
        """Name of the total or the direct effect of the highest guarantee level."""
        return f"ame_{self.panel['guarantee'].attrs['levels'][-1]}_{effect}"

    def data(self, effect: str) -> Stage2Data:
        """Return the data for the total or the direct effect.

        For the total effect, alignment is 0. Its slope then follows its prior and touches nothing.
        """
        seen = prepare_panel_data(self.panel)
        predictors = seen.has_level, seen.covariates, seen.region_idx, self.positions
        subregion_idx = seen.subregion_idx if self.spec.geography == "subregion" else None
        return nest(Stage2Data(seen.joined, seen.included, *predictors, subregion_idx), EFFECTS[effect])

    def average_effect(self, posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
        """Return the average effect of the highest level: (sample, case), the last case pooled."""
        return average_contrasts(self.compare(state_contrasts(posterior, data, self.top)))

    def compare(self, contrasts: np.ndarray) -> np.ndarray:
        """Return contrasts (..., case, state), NaN outside the regions over which effects are averaged."""
        return np.where(self.compared, contrasts, np.nan)

    @cached_property
    def compared(self) -> np.ndarray:
        """States of regions in which some have the highest level and some have none: (case, state)."""
        return find_overlap(self.panel).values

    def part(self, k: int, n: int) -> Progress | None:
        """Return what takes the progress of step ``k`` (from 0) of ``n``."""
        return (lambda share: self.progress((k + share) / n)) if self.progress else None

    def fit(
        self, variations: list[Stage2Data], sampler: SamplerSpec, name: str, progress: Progress | None = None
    ) -> xr.DataTree:
        """Fit the compiled model to each of several sets of data, and judge all fits together.

        ``name`` says what is fitted, for the seed and for messages. The result has a ``posterior`` (refit,
        chain, draw, ...). Raises ConvergenceError if a gate is missed in every attempt.
        """
        from analysis.fitting.refits import refit_to_gates

        seed = derive_seed(self.seed, "check", name)
        settings = {"name": name, "seed": seed, "cores": self.cores, "progress": progress}
        return refit_to_gates(self.model, [data.list_arrays() for data in variations], sampler, **settings)

    def fit_effects(
        self, variations: list[Stage2Data], sampler: SamplerSpec, name: str, progress: Progress | None = None
    ) -> tuple[np.ndarray, np.ndarray, xr.Dataset]:
        """Fit as ``fit`` does; return the mean and sd of the average effect, (fit, case), and all draws."""
        posterior = self.fit(variations, sampler, name, progress)["posterior"].dataset
        kept = posterior.isel(draw=slice(None, None, KEPT))
        draws = [self.average_effect(stack(kept.isel(refit=k)), data) for k, data in enumerate(variations)]
        return np.array([d.mean(0) for d in draws]), np.array([d.std(0) for d in draws]), posterior

    def fit_cut(
        self, positions: np.ndarray, name: str, progress: Progress | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fit the direct effect and the slope of alignment over draws of the positions: the cut posterior.

        ``positions`` are (draw, case, state), centred within each case. Returns mean and standard deviation
        of the effect over all draws, (case,) each, the last case pooled; and the mean slope over cases, (4,):
        mean, both ends of the interval, and standard deviation.
        """
        data = self.data("direct")
        variations = [data._replace(alignment=position) for position in positions]
        means, sds, posterior = self.fit_effects(variations, SHORT, name, progress)
        slope = posterior["alignment_slope"].mean("case").values.ravel()
        spread = np.sqrt((sds**2).mean(0) + means.var(0))
        return means.mean(0), spread, np.array([slope.mean(), *interval(slope), slope.std()])


def by_case(panel: xr.Dataset, fits: list) -> dict[str, xr.DataTree]:
    """Return the fits of stage 1 by case; they come first among ``fits``."""
    return dict(zip(map(str, panel["case"].values), fits, strict=False))


def open_bench(panel: xr.Dataset, fits: list, variant: Variant, **run) -> Bench:
    """Return the bench of a variant, given what a task's ``make`` is given; ``fits`` begin with stage 1."""
    named = dict(zip(name_fits(variant, map(str, panel["case"].values)), fits, strict=False))
    positions = centre_alignment(panel, draw_alignment(named, panel, variant)).mean(0)
    return Bench(panel, positions, variant.coalition, variant.run.seed, axes=variant.axis_names, **run)


def make_nested(panel: xr.Dataset, fits: list, variant: Variant, **run) -> xr.DataTree:
    """Fit the nested models; ``fits`` are those of stage 1."""
    return fit_nested(open_bench(panel, fits, variant, **run))


def fit_nested(bench: Bench) -> xr.DataTree:
    """Return the draws (chain, draw, ...) of each nested model, one group a model."""
    trees, models = {}, list_nested(bench.axes)
    for k, model in enumerate(models):
        data = nest(bench.data("direct"), model, bench.axes)
        idata = bench.fit([data], SINGLE, f"nested, {model}", bench.part(k, len(models)))
        trees[model] = idata["posterior"].dataset.isel(refit=0, drop=True)
    return xr.DataTree.from_dict(trees)
