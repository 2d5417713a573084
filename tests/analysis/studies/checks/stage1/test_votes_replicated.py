"""Each check of stage 1 passes on votes of the model, and fails on the votes that it is meant to see."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from support.made_votes import BLOCS, make_window, repeat_draws

from analysis.posterior.replication import replicate_votes
from analysis.report.sections.replicated import build_replicated
from analysis.studies.checks.stage1.figures import draw_positions
from analysis.studies.checks.stage1.judge import (
    AREAS,
    AS_EXPECTED,
    ITEM_FIT,
    LESS,
    MISPLACED,
    MORE,
    STATE_FIT,
    UNAVAILABLE,
    judge_positions,
)
from analysis.studies.checks.stage1.make import keep_summary, make_position_checks
from analysis.studies.checks.stage1.measure import (
    CONTRADICTIONS,
    SURPRISES,
    compare_votes,
)
from analysis.studies.checks.stage1.pairs import AREA, LATER, NEXT, find_pairs
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.spec import IdealPointSpec

REPLICATES = 100


def judge(votes, posterior, seed=1):
    found = compare_votes(votes, posterior, BLOCS, draws=REPLICATES, seed=seed)
    return judge_positions(votes, found, "made")


def verdicts(table):
    return dict(zip(table["item"], table["verdict"], strict=True))


def with_odd(posterior, odd, *names):
    return posterior.assign(repeat_draws(odd[list(names)], posterior.sizes["draw"]))


def test_votes_of_the_model_are_as_expected():
    # 14 statistics at 1 in 1,000 over six worlds: one beyond its range would be rare, two are a fault.
    outside, units = [], 0
    for seed in range(6):
        table = judge(*make_window(seed=seed)[:2], seed=seed)
        summary = keep_summary(table)
        outside += summary.loc[summary["verdict"] != AS_EXPECTED, "item"].to_list()
        units += (table["verdict"] == MISPLACED).sum()
    assert len(outside) <= 1, outside
    # Of 6 x 180 states and resolutions about one in 1,000 lies beyond its range by chance.
    assert units <= 6


def test_repeated_answers_are_seen_and_inertia_explains_them():
    votes, posterior, odd = make_window(seed=1, inertia=0.7)
    found = verdicts(judge(votes, posterior))
    assert found[CONTRADICTIONS] == LESS
    assert found[NEXT] == found[LATER] == MORE
    explained = keep_summary(judge(votes, with_odd(posterior, odd, "inertia")))
    assert set(explained["verdict"]) == {AS_EXPECTED}


def test_a_second_dimension_is_seen_by_its_issue_area_and_explained_by_two_axes():
    votes, posterior, odd = make_window(seed=1, second=2.5)
    table = judge(votes, posterior)
    found, values = verdicts(table), table.set_index("item")["value"]
    assert found["dimension 1"] == found[AREA] == MORE
    areas = table[table["check"] == AREAS].set_index("item")["value"]
    assert areas["dimension 1: Palestinian conflict"] > 0.8
    two = keep_summary(judge(votes, with_odd(posterior, odd, "second_ideal_point", "second_discrimination")))
    assert set(two["verdict"]) == {AS_EXPECTED}
    assert values["dimension 1"] > 1.5 * two.set_index("item")["value"]["dimension 1"]


def test_a_bloc_that_confers_is_seen_and_no_other():
    votes, posterior, _ = make_window(seed=2, bloc=2.0)
    found = verdicts(judge(votes, posterior))
    assert found["European Union"] == MORE
    assert found["ASEAN"] == found["Arab League"] == found["African Union"] == AS_EXPECTED


def test_a_state_and_a_resolution_that_cannot_be_placed_are_named():
    votes, posterior, _ = make_window(seed=3)
    lost, odd = 7, 11
    rng = np.random.default_rng(5)
    counts = votes["counts"].values.copy()
    counts[:, lost] = np.eye(3, dtype=int)[rng.integers(3, size=len(counts))]
    africa = votes["region"].values == "Africa"
    counts[odd, africa], counts[odd, ~africa] = [0, 0, 1], [1, 0, 0]
    table = judge(votes.assign(counts=(votes["counts"].dims, counts)), posterior)
    wrong = table[table["verdict"] == MISPLACED].sort_values("value").groupby("check")["item"].agg(list)
    assert wrong[STATE_FIT][-1] == votes["name"].values[lost]
    assert wrong[ITEM_FIT][-1] == "RESOLUTION 11, session 53 (111)"


def test_answers_that_the_model_thought_next_to_impossible_are_counted():
    votes, posterior, _ = make_window(seed=3)
    chance = next(replicate_votes(votes, posterior, 1, seed=1)).chance
    counts = votes["counts"].values.copy()
    rare = np.argwhere((chance.min(0) < 0.0005) & counts.any(-1))[:12]
    for item, state in rare:
        counts[item, state] = np.eye(3, dtype=int)[chance[:, item, state].argmin()]
    table = judge(votes.assign(counts=(votes["counts"].dims, counts)), posterior)
    row = table[table["item"] == SURPRISES].iloc[0]
    assert row["value"] >= len(rare) == 12
    assert row["verdict"] == MORE


def test_tallies_have_no_repeats_and_say_so():
    votes, posterior, _ = make_window(seed=1)
    cells = (votes * 3).drop_vars(["match_group", "date", "issues"])
    table = judge(cells, posterior)
    lacking = table[table["verdict"] == UNAVAILABLE]
    assert set(lacking["item"]) == {CONTRADICTIONS, SURPRISES, NEXT, LATER}
    assert lacking["note"].str.contains("which resolution got which answer").all()
    assert lacking["value"].isna().all()
    assert {"European Union", "dimension 1", AREA} <= set(table.loc[table["value"].notna(), "item"])


def test_positions_without_items_say_that_nothing_can_be_replicated():
    votes, posterior, _ = make_window(seed=1)
    fits = [xr.DataTree.from_dict({"posterior": posterior[["ideal_point"]]})]
    table = make_position_checks(({"made": votes}, BLOCS), fits, MAIN)
    assert set(table["verdict"]) == {UNAVAILABLE}
    assert table["note"].str.contains("without discrimination and cutpoint").all()
    assert draw_positions(table, {"made": "Made"}) == {}


def test_pairs_of_states_follow_the_day_of_the_vote():
    votes, _, _ = make_window(seed=1)
    joined = votes.assign_coords(
        date=("item", np.where(votes["session"] == 53, "1999-03-01", "1999-04-01").astype("datetime64[ns]"))
    )
    patterns = find_pairs(joined, BLOCS).of_states
    assert [len(items) for items, _ in patterns] == [30, 60]
    czechia, canada = (votes["state"].values.tolist().index(state) for state in ("CZE", "CAN"))
    assert [kinds["NATO"][czechia, canada] for _, kinds in patterns] == [False, True]
    assert not any(kinds["European Union"][czechia, canada] for _, kinds in patterns)


def test_the_table_is_told_and_drawn():
    votes, posterior, _ = make_window(seed=1, inertia=0.7)
    fits = [xr.DataTree.from_dict({"posterior": posterior})] * 2
    shares = []
    table = make_position_checks(
        ({"iraq": votes, "isis": votes}, BLOCS), fits, MAIN, progress=shares.append, cores=1
    )
    assert shares[-1] == pytest.approx(1)
    assert shares == sorted(shares)
    summary = keep_summary(table)
    assert summary["verdict"].ne("").all()
    assert len(summary) < 40 < len(table)
    figures = draw_positions(table, {"iraq": "Iraq", "isis": "ISIS"})
    assert set(figures) == {"check_replicated_votes", "check_residual_areas", "check_unplaced"}
    blocks = build_replicated(table)
    text = " ".join(block.text for block in blocks if hasattr(block, "text"))
    row = table[table["item"] == CONTRADICTIONS].iloc[0]
    assert f"{row['value']:.0f} answers differ from the state's last one" in text
    assert "the model expects" in text
    # What has no number is told in words, and needs no chart.
    lacking = build_replicated(table.assign(value=np.nan, verdict=UNAVAILABLE, note="why"))
    assert any("because why" in getattr(block, "text", "") for block in lacking)
    assert len(lacking) == len(blocks) - 1


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "expected"), [("inertia", AS_EXPECTED), ("apart", LESS)])
def test_a_fit_is_judged_like_the_truth(repeats, expected):
    from analysis.pipeline.make import make_ideal_points

    votes, _, _ = make_window(seed=4, n_state=60, inertia=0.7)
    sampler = SamplerSpec(draws=400, tune=150)
    run = SimpleNamespace(seed=1, ideal_point=sampler, items_kept=True)
    spec = IdealPointSpec(repeats=repeats)
    fit = make_ideal_points(votes, [], SimpleNamespace(run=run, ideal_point=spec))
    found = verdicts(judge(votes, fit["posterior"].dataset))
    assert found[CONTRADICTIONS] == expected
    assert (found[NEXT] == AS_EXPECTED) == (repeats == "inertia")
    if repeats == "inertia":
        assert list(found.values()).count(MORE) + list(found.values()).count(LESS) <= 1
