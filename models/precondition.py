"""The same posterior in coordinates in which it is nearly a standard normal.

A model that is fitted a thousand times to slightly different data need not learn its shape a thousand times:
one fit says where the posterior lies and how its parameters move together, and in coordinates shifted and
scaled by that the sampler needs little warm-up and takes large steps. The path changes, the posterior not.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.graph.replace import graph_replace


def precondition(model: pm.Model, saved: list[str]) -> pm.Model:
    """The model over one vector ``raw``; its unconstrained parameters are ``shift + factor @ raw``.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters. Its data stay data, under their names.
    saved : list of str
        Variables to keep as deterministics, with their dims.

    Returns
    -------
    pm.Model
        With the data ``shift`` (parameter,) and ``factor`` (parameter, parameter), at first 0 and the
        identity, the deterministic ``unconstrained`` (parameter,), and ``saved``.
    """
    start = model.initial_point()
    values = model.value_vars
    ends = np.cumsum([0, *(start[value.name].size for value in values)]).tolist()
    wanted = model.replace_rvs_by_values([model[name] for name in saved])
    with pm.Model(coords=dict(model.coords)) as shifted:
        raw = pm.Flat("raw", shape=ends[-1], initval=np.zeros(ends[-1]))
        shift, factor = pm.Data("shift", np.zeros(ends[-1])), pm.Data("factor", np.eye(ends[-1]))
        flat = pm.Deterministic("unconstrained", shift + pt.dot(factor, raw))
        parts = {
            value: value.type.filter_variable(
                flat[first:last].reshape(start[value.name].shape) if value.ndim else flat[first]
            )
            for value, first, last in zip(values, ends[:-1], ends[1:], strict=True)
        }
        logp, *kept = graph_replace([model.logp(), *wanted], parts, strict=False)
        pm.Potential("posterior", logp)
        for name, value in zip(saved, kept, strict=True):
            pm.Deterministic(name, value, dims=model.named_vars_to_dims.get(name))
    return shifted
