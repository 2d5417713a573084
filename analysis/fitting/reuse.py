"""Fit stage 1 to the votes of many assemblies of the same size, with one compiled model."""

from functools import cached_property
from typing import NamedTuple, Unpack

import numpy as np
import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.chains import sample_to_gates
from analysis.fitting.fit import Settings, list_saved
from analysis.fitting.modes import Mode, place_chains
from analysis.fitting.whitened import Whitened, compile_whitened
from analysis.variants.sampler import SamplerSpec
from models.coordinates.arrow import begin_arrow, find_places
from models.coordinates.precondition import flatten_start
from models.ideal_point import OF_ITEMS, build_ideal_point_model
from models.spec import IdealPointSpec


class Searched(NamedTuple):
    """The compiled model in coordinates from the heaviest mode of some votes, all modes, and the case."""

    compiled: CompiledModel
    modes: list[Mode]
    case: str


class PositionsModel:
    """Stage 1, compiled for assemblies with the same labels of states, regions and items.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of one of the assemblies; see ``data.load.load_votes``.
    spec : IdealPointSpec
        Priors and model choices.
    saved : list of str
        Variables to keep; those that the model lacks are left out.
    """

    def __init__(self, votes: xr.Dataset, spec: IdealPointSpec, saved: list[str]):
        self.spec, self.labels = spec, self._label(votes)
        self.model = build_ideal_point_model(votes, spec)
        self.saved = list_saved(self.model, saved)

    @cached_property
    def whitened(self) -> Whitened:
        """The compiled model."""
        return compile_whitened(self.model, self.saved, find_places(self.model, OF_ITEMS))

    def take(self, votes: xr.Dataset) -> Whitened:
        """Return the compiled model with other votes in the place of its own.

        Raises
        ------
        ValueError
            If states, regions or items have other labels, or the model has other parameters or data.
        """
        if self._label(votes) != self.labels:
            raise ValueError("the compiled model serves the same states, regions and items only")
        model = build_ideal_point_model(votes, self.spec)
        if _list_names(model) != _list_names(self.model):
            raise ValueError("these votes need another model: nobody abstains, or nothing is put again")
        places = find_places(model, OF_ITEMS)
        begin = begin_arrow(model, places.items)
        data = {variable.name: variable.get_value() for variable in model.data_vars} | begin.as_data()
        # The search for modes calls the compiled function, and the sampler the code below it.
        for variable in self.whitened.compiled.logp_func.get_shared():
            if variable.name in data:
                variable.set_value(data[variable.name])
        used = {variable.name for variable in self.whitened.compiled.shared_var_keys}
        compiled = self.whitened.compiled.with_data(**{name: data[name] for name in used & data.keys()})
        return Whitened(compiled, begin, places.lowest)

    def search(self, votes: xr.Dataset, seed: int) -> "Searched":
        """Find the modes of the posterior given votes."""
        compiled, modes = self.take(votes).find_modes(seed)
        return Searched(compiled, modes, votes.attrs.get("case", "votes"))

    def read_scale(self, searched: "Searched", name: str) -> float:
        """Return a standard deviation of the model, by name, at the heaviest mode."""
        _, places = flatten_start(self.model)
        return float(np.exp(searched.modes[0].arrow.centre[places[f"{name}_log__"]]).item())

    def fit(self, searched: "Searched", sampler: SamplerSpec, **settings: Unpack[Settings]) -> xr.DataTree:
        """Sample from all modes until the gates are passed; as ``analysis.fitting.fit.fit_ideal_points``."""

        def place(seed: int):
            return place_chains(searched.modes, sampler.chains, seed)

        name, text = f"ideal points ({searched.case})", self.model.str_repr()
        idata = sample_to_gates(
            searched.compiled, sampler, place, self.saved, name=name, text=text, **settings
        )
        idata.attrs["modes"] = len(searched.modes)
        return idata

    @staticmethod
    def _label(votes: xr.Dataset) -> list:
        # Regions may be dealt to other states, but the model has a parameter for each.
        return [
            *map(list, (votes["state"].values, votes["item"].values, sorted(set(votes["region"].values))))
        ]


def _list_names(model: pm.Model) -> tuple[list[str], set[str]]:
    return [rv.name for rv in model.free_RVs], {variable.name for variable in model.data_vars}
