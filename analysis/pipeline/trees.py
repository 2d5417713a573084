"""The posteriors of a run as files in the schema of ArviZ. Everything is computed from stored fits."""

import numpy as np
import xarray as xr

from analysis.pipeline.inputs import Inputs
from analysis.pipeline.plan import Plan, take_area
from analysis.posterior.effects import Effects
from analysis.posterior.schema.chains import to_chains
from analysis.posterior.schema.joining import build_joining_tree
from analysis.posterior.schema.positions import build_positions_tree
from analysis.variants.sampler import Progress, derive_seed
from data.load import load_record


def build_trees(
    plan: Plan, inputs: Inputs, made: dict[str, xr.DataTree], effects: Effects, progress: Progress
) -> dict[str, xr.DataTree]:
    """Build every file of draws of a run, by name.

    Parameters
    ----------
    plan : Plan
    inputs : Inputs
        Votes, with their symbols (``name_resolutions``), and the panel.
    made : dict of str to xr.DataTree
        Fits by key.
    effects : Effects
    progress : callable
        Takes the share done, 0 to 1.

    Returns
    -------
    dict of str to xr.DataTree
        ``coalition_total`` and ``coalition_direct``: the models of joining without and with alignment.
        ``coalition``: ``posterior`` with the effects, ``alignment`` with the model of alignment, and
        ``panel``. ``ideal_point_<case>``: positions. See ``analysis.posterior.schema``.
    """
    variant, panel, trees = plan.variant, inputs.panel, {}
    steps = len(plan.stage1) + 2
    for number, (name, task) in enumerate(plan.stage1.items()):
        case, _, area = name.partition("/")
        votes = take_area(inputs.votes[case], area) if area else inputs.votes[case]
        seed = derive_seed(variant.run.seed, "file", name)
        tree = build_positions_tree(made[task.key], votes, variant.ideal_point, seed)
        trees[f"ideal_point_{name.replace('/', '_')}"] = tree
        progress((number + 1) / steps)
    for number, (kind, task) in enumerate((("total", plan.total), ("direct", plan.direct))):
        seed = derive_seed(variant.run.seed, "file", kind)
        fit, alignment = made[task.key], kind == "direct"
        trees[f"coalition_{kind}"] = build_joining_tree(
            fit, panel, variant.coalition, seed, alignment=alignment
        )
        progress((len(plan.stage1) + number + 1) / steps)
    trees["coalition"] = join_effects(plan, effects, made)
    return trees


def join_effects(plan: Plan, effects: Effects, made: dict[str, xr.DataTree]) -> xr.DataTree:
    """Join draws of the effects, of the model of alignment, the panel and the models' texts in one tree."""
    panel = plan.total.data.assign_attrs(spec=plan.variant.data.to_json())
    parts = {
        # Single precision is more than any effect is known to, and halves the file.
        "posterior": to_chains(effects.draws).astype(np.float32),
        "alignment": to_chains(effects.mediator),
        "panel": panel,
    }
    tree = xr.DataTree.from_dict(parts)
    texts = {"total": plan.total, "direct": plan.direct}
    tree.attrs = {f"model_{name}": made[task.key].attrs["model"] for name, task in texts.items()}
    return tree


def name_resolutions(votes: dict[str, xr.Dataset], votes_path: object = None) -> dict[str, xr.Dataset]:
    """Give each roll call the symbol of its resolution, such as ``A/RES/57/49``; empty where it has none.

    Tallies stay as they are. The symbols have no part in the key of a fit.
    """
    named = {}
    for case, dataset in votes.items():
        if dataset.attrs.get("granularity") != "rollcall":
            named[case] = dataset
            continue
        sessions = int(dataset["session"].min()), int(dataset["session"].max())
        table = load_record(votes_path, sessions).rollcalls.set_index("rcid")["symbol"]
        symbol = table.reindex(dataset["item"].values).fillna("").to_numpy(np.str_)
        named[case] = dataset.assign_coords(symbol=("item", symbol))
    return named
