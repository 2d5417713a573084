"""Several alignments: which fits of stage 1 they need, what is drawn from them, and what cannot be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from analysis.commands.answer import show_answer
from analysis.fitting import fit
from analysis.pipeline import run
from analysis.pipeline.inputs import Inputs
from analysis.pipeline.plan import plan_positions, plan_variant, take_area
from analysis.posterior.positions import draw_alignment, name_fits, states_without_votes, summarize_positions
from analysis.store.store import Store
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN, VARIANTS
from analysis.variants.variant import AREAS, Variant
from data.load import load_panel, load_votes
from data.spec import IRAQ, ISSUES, DataSpec
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec, IdealPointSpec

TWO = VARIANTS["axes-two-dimensions"]
# No row of the table of variants: on real votes positions on security alone do not converge.
# Nor do the errors of four alignments together pass the gates: there they are independent.
AREA = replace(
    MAIN,
    name="axes-issue-areas",
    axes="issues",
    alignment=AlignmentSpec(state_effect=False, subregion_effect=False),
)
RUN = replace(MAIN.run, stage1_draws=30)


def made_fit(states, regions, seed, axes=("",), n=25):
    """A fit of stage 1 with made-up draws."""
    rng = np.random.default_rng(seed)
    sizes = {"ideal_point": ("state", len(states)), "region_mean": ("region", len(regions))}
    sizes["region_sd"] = ("region", len(regions))
    drawn = {
        f"{prefix}{name}": (("chain", "draw", dim), np.abs(rng.normal(1, 1, size=(2, n, size))))
        for prefix in axes
        for name, (dim, size) in sizes.items()
    }
    return xr.DataTree.from_dict({"posterior": xr.Dataset(drawn, {"state": states, "region": regions})})


@pytest.fixture
def panel():
    return simulate_panel(n_state=12, seed=1)[0]


def test_two_dimensions_are_drawn_together(panel):
    states, regions = panel["state"].values, np.unique(panel["region"].values)
    stage1 = {
        case: made_fit(states[2:], regions, k, ("", "second_")) for k, case in enumerate(("iraq", "isis"))
    }
    alignment = draw_alignment(stage1, panel, replace(TWO, run=RUN))
    assert alignment.sizes == {"refit": 30, "case": 2, "state": 12, "axis": 2}
    assert alignment["axis"].values.tolist() == ["first", "second"]
    one = draw_alignment(stage1, panel, replace(MAIN, run=RUN))
    # The first axis is that of one dimension, to the bit.
    np.testing.assert_array_equal(alignment.sel(axis="first"), one)
    posterior = stage1["iraq"]["posterior"].dataset.stack(sample=("chain", "draw"))
    first, second = (
        posterior[name].sel(state=states[5]).values for name in ("ideal_point", "second_ideal_point")
    )
    drawn = alignment.sel(case="iraq", state=states[5])
    for row in drawn.values:
        assert second[np.flatnonzero(first == row[0])[0]] == row[1]
    # A state without votes is drawn on each axis apart.
    unseen = alignment.sel(case="iraq", state=states[0])
    assert abs(np.corrcoef(unseen.T)[0, 1]) < 0.6


def test_issue_areas_have_fits_of_their_own(panel):
    states, regions = panel["state"].values, np.unique(panel["region"].values)
    variant = replace(AREA, propagation="plugin", run=RUN)
    names = name_fits(variant, ["iraq", "isis"])
    assert names[:4] == [f"iraq/{area}" for area in AREAS]
    stage1 = {name: made_fit(states[k % 4 :], regions, k, n=20 + k) for k, name in enumerate(names)}
    assert states_without_votes(stage1, panel)["isis/economy"] == states[:2].tolist()
    alignment = draw_alignment(stage1, panel, variant)
    # As many draws of each area as the shortest fit has.
    assert alignment.sizes == {"refit": 40, "case": 2, "state": 12, "axis": 4}
    assert alignment["axis"].values.tolist() == list(AREAS)
    assert not alignment.isnull().any()
    own = stage1["isis/economy"]["posterior"]["ideal_point"].sel(state=states[7]).values.ravel()
    assert np.isin(alignment.sel(case="isis", axis="economy", state=states[7]), own).all()
    votes = {case: xr.Dataset(coords={"response": ["no", "abstain", "yes"]}) for case in ("iraq", "isis")}
    table = summarize_positions(stage1, votes, states[6])
    assert set(table["case"]) == {"iraq", "isis"}
    assert {f"alignment_{area}" for area in AREAS} < set(table["quantity"])


def test_areas_share_no_vote_and_few_items_are_refused():
    codes = [code for area in AREAS.values() for code in area]
    assert len(set(codes)) == len(codes)
    assert set(codes) < set(ISSUES)
    spec = DataSpec(granularity="agenda")
    votes = load_votes(spec, IRAQ)
    parts = [take_area(votes, area) for area in AREAS if area != "economy"]
    items = [item for part in parts for item in part["item"].values]
    assert len(set(items)) == len(items)
    assert [part.attrs["case"] for part in parts] == [
        "iraq/security",
        "iraq/human_rights",
        "iraq/middle_east",
    ]
    assert all((part["counts"].sum(("item", "response")) > 0).all() for part in parts)
    with pytest.raises(ValueError, match=r"case iraq: 6 items on economy, too few .* needs roll calls"):
        take_area(votes, "economy")


def test_a_plan_has_one_fit_for_each_axis_that_needs_one():
    spec = DataSpec(granularity="agenda")
    panel = load_panel(spec)
    # Enough items on each area.
    votes = {case.name: load_votes(spec, case) for case in spec.cases}
    votes["iraq"] = xr.concat([votes["iraq"]] * 2, "item", combine_attrs="override")
    usual, two, areas = (plan_variant(replace(v, data=spec), votes, panel) for v in (MAIN, TWO, AREA))
    assert list(two.stage1) == list(usual.stage1) == ["iraq", "isis"]
    assert list(areas.stage1) == name_fits(AREA, ["iraq", "isis"])
    assert areas.direct.needs == tuple(areas.stage1.values())
    plans = (usual, two, areas)
    keys = [task.key for each in plans for task in (*each.stage1.values(), each.direct)]
    assert len(set(keys)) == len(keys)
    assert usual.total.key == two.total.key == areas.total.key
    # Stage 2 on the first of two axes alone has the same fits of stage 1, and one of its own.
    first = plan_variant(replace(VARIANTS["axes-first-of-two"], data=spec), votes, panel)
    assert [task.key for task in first.stage1.values()] == [task.key for task in two.stage1.values()]
    assert first.direct.key != two.direct.key
    assert plan_positions(MAIN, votes)["iraq"].content == usual.stage1["iraq"].content


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"axes": "areas"}, "axes.*'areas'"),
        ({"axes": "dimensions"}, "axes = 'dimensions' needs ideal_point.dimensions = 2"),
        (
            {"ideal_point": IdealPointSpec(dimensions=2), "data": DataSpec(issues_in=("hr",))},
            "dimensions = 2 needs votes on several issue areas; .* leave 'hr' alone",
        ),
        (
            {"ideal_point": IdealPointSpec(dimensions=2), "positions": "dynamic"},
            "positions = 'dynamic' have one axis, not 2 dimensions",
        ),
        (
            {"axes": "issues", "positions": "dynamic"},
            "needs ideal_point.dimensions = 1 and positions = 'window'",
        ),
        ({"axes": "issues", "ideal_point": IdealPointSpec(dimensions=2)}, "needs ideal_point.dimensions = 1"),
        ({"axes": "issues", "data": DataSpec(issues_out=("ec",))}, "leave no votes on economy"),
        ({"axes": "issues", "propagation": "joint"}, "needs propagation = 'draws' or 'plugin', not 'joint'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_fitted(choices, message):
    with pytest.raises(ValueError, match=message):
        Variant(**choices)


def test_what_takes_one_alignment_says_so():
    with pytest.raises(ValueError, match="claims take alignment on one axis; not for axes = 'issues'"):
        AREA.require_plain_stage2("claims")
    VARIANTS["axes-first-of-two"].require_plain_stage2("claims")


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [TWO, AREA], ids=lambda variant: variant.name)
def test_the_main_job_runs_on_several_axes(chosen, tmp_path, monkeypatch):
    """From made-up positions to effects through every axis, tables and figures."""
    panel, alignment, _ = simulate_panel(n_state=41, seed=2)
    states = panel["state"].values
    panel = panel.assign_coords(
        name=("state", states),
        label=("case", ["Iraq 2003", "ISIS 2014-17"]),
        covariate=["gdp_per_capita", "capability"],
    )
    issue = ["nu", "hr", "ec", "me", "co"]
    coords = {"response": ["no", "abstain", "yes"], "state": states, "issue": ("item", issue * 10)}
    counts = xr.DataArray(np.ones((50, 41, 3)), coords, ("item", "state", "response"))
    votes = {case: xr.Dataset({"counts": counts}, attrs={"case": case}) for case in ("iraq", "isis")}

    def place(votes, spec, sampler, **how):
        """Draws around the true positions, in place of a fit."""
        case = votes.attrs["case"].partition("/")[0]
        tree = made_fit(states, np.unique(panel["region"].values), len(votes.attrs["case"]), ("", "second_"))
        posterior = tree["posterior"].to_dataset()
        for position in ("ideal_point", "second_ideal_point"):
            posterior[position] = 0.3 * posterior[position] + alignment.sel(case=case, drop=True)
        if spec.dimensions == 1:
            posterior = posterior.drop_vars([v for v in posterior.data_vars if v.startswith("second_")])
        tree = xr.DataTree.from_dict({"posterior": posterior.transpose("chain", "draw", ...)})
        tree.attrs = {"convergence": {"max_rhat": 1.0}, "model": "made up"}
        return tree

    monkeypatch.setattr(fit, "fit_ideal_points", place)
    monkeypatch.setattr(run, "load_inputs", lambda variant, path, progress: Inputs(votes, panel))
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setattr(run, "Store", lambda: Store(tmp_path / ".fits"))
    sampler = SamplerSpec(draws=500, tune=300, target_accept=0.9)
    sizes = replace(MAIN.run, total=sampler, single=sampler, stage1_draws=50, kept_draws=400)
    variant = replace(chosen, reference=states[0], run=sizes)
    folder = run.run_variant(variant, report=lambda name: lambda share: None)
    effects, places = (pd.read_csv(folder / f"{table}.csv") for table in ("effects", "ideal_points"))
    found = set(effects["quantity"])
    assert {f"ame_pact_indirect_{axis}" for axis in variant.axis_names} < found
    assert {"ame_pact_indirect", "ame_pact_mediated"} < found
    suffixes = {"" if axis == "first" else f"_{axis}" for axis in variant.axis_names}
    assert {f"alignment_slope{suffix}" for suffix in suffixes} < found
    assert {f"alignment{suffix}" for suffix in suffixes} < set(places["quantity"])
    assert {f"alignment_iraq{suffix}.png" for suffix in suffixes} < {path.name for path in folder.iterdir()}
    assert effects["mean"].notna().all()
    # With interactions, what differs between groups has tables of its own.
    differences, interactions = (pd.read_csv(folder / f"{n}.csv") for n in ("differences", "interactions"))
    assert set(differences["level"]) == {"rio", "pact"}
    assert differences["prob_positive"].between(0, 1).all()
    assert {"guarantee_capability", "guarantee_region", "guarantee_region_sd"} == set(
        interactions["parameter"]
    )
    assert (interactions["variance_left"] > 0).all()
    assert (folder / "overlap.csv").is_file()
    direct = xr.open_datatree(folder / "coalition_direct.nc", engine="h5netcdf")["posterior"]
    assert direct["alignment_slope"]["axis"].values.tolist() == list(variant.axis_names)
    show_answer(folder, Console(width=200))
