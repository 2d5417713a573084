"""What a run writes besides its tables: the record ``run.json``, and stage 2 as one file."""

import xarray as xr

from analysis.pipeline.inputs import Inputs
from analysis.pipeline.plan import Plan
from analysis.posterior.effects import Effects
from analysis.posterior.positions import states_without_votes
from analysis.store.keys import git_commit, hash_dataset, now, package_versions
from analysis.variants.variant import Variant


def begin_record(variant: Variant) -> dict:
    """Return what is known of a run before it starts: the variant, the time, the commit of its code."""
    # Ask for the commit now: by the end of the run the checkout may have changed.
    begun = {"variant": variant.to_dict(), "quick": variant.run.quick, "started": now()}
    return begun | {"commit": git_commit()}


def describe_results(plan: Plan, inputs: Inputs, stage1: dict[str, xr.DataTree]) -> dict:
    """Return what is known of a run after its fits: versions, hashes of the data, keys.

    Parameters
    ----------
    plan : Plan
    inputs : Inputs
    stage1 : dict of str to xr.DataTree
        Fit of each case.
    """
    panel = {k: v for k, v in inputs.panel.attrs.items() if k != "spec"}
    return {
        "finished": now(),
        "versions": package_versions(),
        "seed": plan.variant.run.seed,
        "votes": {case: _describe_votes(votes) for case, votes in inputs.votes.items()},
        "panel": panel | {"content": plan.total.content["panel"]},
        "positions_from_region": states_without_votes(stage1, inputs.panel),
        "keys": {task.name: task.key for task in plan.tasks},
    }


def _describe_votes(votes: xr.Dataset) -> dict:
    described = {k: v for k, v in votes.attrs.items() if k not in ("spec", "votes_spec")}
    sizes = {"items": votes.sizes["item"], "states": votes.sizes["state"]}
    return described | sizes | {"content": hash_dataset(votes)}


def join_stage2(plan: Plan, total: xr.DataTree, direct: xr.DataTree, effects: Effects) -> xr.DataTree:
    """Join the posteriors of stage 2, draws of the effects, the panel and the models' texts in one tree."""
    tree = xr.DataTree.from_dict(
        {
            "total/posterior": total["posterior"].dataset,
            "total/sample_stats": total["sample_stats"].dataset,
            "direct/posterior": direct["posterior"].dataset,
            "alignment/posterior": effects.mediator,
            "effects": effects.draws,
            "panel": plan.total.data.assign_attrs(spec=plan.variant.data.to_json()),
        }
    )
    tree.attrs = {"model_total": total.attrs["model"], "model_direct": direct.attrs["model"]}
    return tree
