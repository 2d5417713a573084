"""The sensitivity study on made tables with known truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from analysis.commands.sensitivity import announce, to_table
from analysis.pipeline.dependence import find_kind, trace_fits
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.pipeline.robustness import measure_robustness, pick_effect, say_robustness
from analysis.posterior.effects import Effects
from analysis.store.explain import compare_contents, explain_task
from analysis.store.store import Store
from analysis.studies.sensitivity.figure import mark_choices, plot_curve
from analysis.studies.sensitivity.page import grid_of_axes, write_page
from analysis.studies.sensitivity.summary import split_variance, summarize_axes
from analysis.studies.sensitivity.survey import collect, survey
from analysis.variants.change import apply_changes
from analysis.variants.table import MAIN, VARIANTS, choose_axes, choose_grid, cross_axes
from data.spec import GUARANTEE_CODINGS, name_pact


def make_rows(variant, axis, choice, mean, sd=0.1, levels=("rio", "pact"), same=()):
    """Return the rows of a variant; ``same``: kinds of effects whose fit is that of the main analysis."""
    rows = []
    for case in ("iraq", "isis", "pooled", "difference"):
        for level in levels:
            for kind in ("total", "direct", "natural_direct"):
                value = mean + (0.05 if level == levels[-1] else 0.0) - (0.1 if kind != "total" else 0.0)
                fit = f"{kind}-{'main' if kind in same or variant == 'main' else variant}"
                rows.append(
                    {"variant": variant, "axis": axis, "choice": choice, "quantity": f"ame_{level}_{kind}"}
                    | {"pact_level": levels[-1], "fit": fit}
                    | {"case": case, "mean": value, "sd": sd, "lower": value - 0.2, "upper": value + 0.2}
                    | {"prob_positive": float(value > 0.2), "mcse": 0.001, "status": "ok", "reason": ""}
                )
    return rows


def make_table():
    votes = {"same": ("total",)}
    rows = make_rows("main", "main", "main", 0.3)
    rows += make_rows("window-1", "window", "1", 0.3, **votes)
    rows += make_rows("window-3", "window", "3", 0.3, **votes)
    rows += make_rows("covariates-few", "covariates", "few", 0.25) + make_rows(
        "covariates-many", "covariates", "many", 0.4
    )
    rows += make_rows("guarantee-nato", "guarantee", "nato", 0.05, levels=("nato",))
    bad = {"variant": "guarantee-bad", "axis": "guarantee", "choice": "bad", "pact_level": "pact"}
    rows.append(bad | {"status": "failed", "reason": "R-hat"})
    return pd.DataFrame(rows)


def test_the_effect_is_that_of_the_level_that_stands_for_a_pact_and_failures_stay():
    picked = pick_effect(make_table()).set_index("variant")
    assert list(picked.index) == list(dict.fromkeys(make_table()["variant"]))
    assert picked.loc["guarantee-nato", "quantity"] == "ame_nato_total"
    assert picked.loc["guarantee-bad", "status"] == "failed"
    assert picked.index[picked["moves"]].tolist() == [
        "covariates-few",
        "covariates-many",
        "guarantee-nato",
        "guarantee-bad",
    ]
    direct = pick_effect(make_table(), "direct")
    assert not direct["quantity"].dropna().str.contains("natural").any()
    assert direct["moves"].sum() == 6
    with pytest.raises(ValueError, match="no column 'fit'"):
        pick_effect(make_table().drop(columns="fit"))


def test_one_fit_counts_once_and_what_cannot_move_an_effect_does_not_count():
    """With one fit counted as often as it is repeated, the total effect would seem to hold in 5 of 6."""
    found = measure_robustness(make_table())
    assert (found.variants, found.cannot_move, found.fits, found.failed, found.positive) == (6, 2, 4, 1, 2)
    assert found.share == pytest.approx(2 / 4)
    assert (found.lowest_variant, found.highest_variant) == ("guarantee-nato", "covariates-many")
    direct = measure_robustness(make_table(), "direct")
    assert (direct.cannot_move, direct.fits, direct.positive) == (0, 6, 3)
    # The same fit under another name is one fit.
    twice = make_table()
    again = twice[twice["variant"] == "covariates-many"].assign(variant="covariates-again")
    assert measure_robustness(pd.concat([twice, again])).fits == found.fits
    told = say_robustness(found)
    assert "in 2 of 4 distinct fits that can move it (50%); 2 of 6 variants cannot move it" in told
    assert "1 of the fits failed" in told


def test_an_axis_counts_its_own_fits_and_one_that_moves_nothing_has_no_share():
    axes = summarize_axes(make_table()).set_index(["axis", "effect", "case"])
    covariates = axes.loc[("covariates", "total", "pooled")]
    assert (covariates["lowest_choice"], covariates["highest_choice"]) == ("few", "many")
    assert covariates["range"] == pytest.approx(0.15)
    assert covariates["share"] == 1.0
    window = axes.loc[("window", "total", "pooled")]
    assert (window["fits"], window["cannot_move"]) == (0, 2)
    assert np.isnan(window["share"])
    assert np.isnan(window["range"])
    assert axes.loc[("window", "direct", "pooled"), "fits"] == 2
    assert axes.loc[("all", "total", "pooled"), "share"] == pytest.approx(2 / 4)
    assert axes.loc[("guarantee", "total", "pooled"), "failed"] == 1


def test_every_page_says_the_same_number(tmp_path):
    """The page, the figure, the table of effects and the report count alike."""
    page = write_page(make_table(), [MAIN, *VARIANTS.values()], {}, tmp_path)
    told = say_robustness(measure_robustness(make_table()))
    assert told in page.sentences
    assert told in (tmp_path / "sensitivity.md").read_text()
    row = pd.read_csv(tmp_path / "robustness.csv").set_index(["effect", "case"]).loc[("total", "pooled")]
    assert (row["positive"], row["fits"]) == (2, 4)
    total = pick_effect(make_table())
    title = plot_curve(total, pick_effect(make_table(), "direct"), "both").get_suptitle()
    assert "positive in 2 of 4 distinct fits" in title
    assert "| total | window | 1, 3 |" in (tmp_path / "sensitivity.md").read_text()


def make_crossed(drop=()):
    rng, rows = np.random.default_rng(3), []
    first, second = rng.normal(0, 0.2, 4), rng.normal(0, 0.05, 3)
    both = rng.normal(0, 0.02, (4, 3))
    for a in range(4):
        for b in range(3):
            for c in range(2):
                if (a, b, c) not in drop:
                    choice = f"a{a}+b{b}+c{c}"
                    row = {"variant": choice, "axis": "x+y+z", "choice": choice, "status": "ok", "sd": 0.1}
                    rows.append(row | {"mean": first[a] + second[b] + both[a, b]})
    return pd.DataFrame(rows), first, both


def test_the_variance_of_a_full_grid_is_split_without_rest():
    table, first, both = make_crossed()
    split = split_variance(table).set_index("term")["variance"]
    choices = split.drop("posterior")
    assert choices.sum() == pytest.approx(table["mean"].var(ddof=0))
    means = first + both.mean(1)
    assert split["x"] == pytest.approx(means.var())
    assert split["z"] == pytest.approx(0, abs=1e-12)
    assert split["x x z"] == pytest.approx(0, abs=1e-12)
    assert split["x x y"] == pytest.approx((both - both.mean(0) - both.mean(1)[:, None] + both.mean()).var())
    assert split["posterior"] == pytest.approx(0.01)


def test_a_grid_with_holes_keeps_the_order_of_its_sources():
    split = split_variance(make_crossed(drop={(0, 0, 0), (2, 1, 1)})[0]).set_index("term")["variance"]
    assert split["x"] > split["y"] > split["z"]
    assert (split > -1e-12).all()


def test_the_page_has_every_variant_and_the_files_are_the_same_each_time(tmp_path):
    pages = [write_page(make_table(), [MAIN, *VARIANTS.values()], {}, tmp_path / name) for name in ("a", "b")]
    text = " ".join(pages[0].sentences)
    assert pages[0].sentences == pages[1].sentences
    assert "guarantee-bad (R-hat)" in text
    names = {"sensitivity.csv", "sensitivity_axes.csv", "robustness.csv", "sensitivity.md"}
    names |= {"specification_curve.png", "specification_curve.svg"}
    assert {p.name for p in (tmp_path / "a").iterdir()} == names
    for name in names - {"specification_curve.png"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(("width", "named"), [(80, False), (135, True)])
def test_no_cell_is_broken_in_a_terminal(width, named):
    longest = {"axis": "priors-ideal-point", "lowest": "without-Western-Europe", "highest": "w" * 28}
    grid = grid_of_axes(summarize_axes(make_table())).assign(**longest)
    console = Console(width=width, record=True)
    console.print(to_table(grid, width, "sensitivity.md"))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.startswith("│") for line in lines) == len(grid)
    assert any("w" * 28 in line for line in lines) == named
    assert any("sensitivity.md" in line for line in lines) != named


def test_a_crossed_run_has_a_page_of_its_own(tmp_path):
    variants, _ = cross_axes(["window", "absence"])
    rng = np.random.default_rng(1)
    rows = [r for v in variants for r in make_rows(v.name, v.axis, v.choice, rng.normal(0.3, 0.05))]
    write_page(pd.DataFrame(rows), variants, {"a+b": "no"}, tmp_path)
    terms = pd.read_csv(tmp_path / "crossed_variance.csv")["term"]
    assert list(terms) == ["window", "absence", "window x absence", "three and more", "posterior"]
    page = (tmp_path / "crossed.md").read_text()
    assert "1 combinations exclude each other" in page
    assert "The main analysis has" in page


def test_below_the_curve_stand_the_choices_that_were_made():
    variants, impossible = cross_axes(["window", "absence"])
    marks = mark_choices(pd.DataFrame([{"axis": v.axis, "choice": v.choice} for v in variants]))
    assert not impossible
    assert next(iter(marks)) == "window: main"
    absence = ["main", *(choice.choice for choice in choose_axes(["absence"]))]
    assert list(marks)[-len(absence) :] == [f"absence: {choice}" for choice in absence]
    assert sum(marks.values()).tolist() == [2] * len(variants), "one choice on each axis"
    alone = mark_choices(pd.DataFrame({"axis": ["x", "main", "y", "x"], "choice": ["a", "main", "b", "c"]}))
    assert {axis: has.tolist() for axis, has in alone.items()} == {
        "x": [True, False, False, True],
        "y": [False, False, True, False],
    }


@pytest.fixture
def agenda(monkeypatch):
    """Return the main analysis and two variants on the shipped tallies."""
    main = MAIN.quick()
    total = replace(main, name="total", coalition=replace(main.coalition, guarantee_scale=0.5))
    window = replace(main, name="window", data=replace(main.data, window=3))
    return main, total, window


def plan(variant):
    found = load_inputs(variant)
    return plan_variant(variant, found.votes, found.panel)


def test_a_grid_is_of_some_axes_one_at_a_time_or_crossed():
    variants, impossible = choose_grid("window, absence", None)
    assert variants[0] is MAIN
    assert {variant.axis for variant in variants} == {"main", "window", "absence"}
    assert not impossible
    assert choose_grid(None, "window,absence") == cross_axes(["window", "absence"])
    assert len(choose_grid(None, None)[0]) == 1 + len(VARIANTS)
    with pytest.raises(ValueError, match="not both"):
        choose_grid("window", "absence")
    with pytest.raises(ValueError, match="no axis 'windwo'; nearest: window"):
        choose_grid("windwo", None)


def test_a_change_renews_what_depends_on_it_and_nothing_else(agenda):
    main, prior, window = map(plan, agenda)
    for case in ("iraq", "isis"):
        assert prior.stage1[case].key == main.stage1[case].key
        assert window.stage1[case].key != main.stage1[case].key
    assert window.total.key == main.total.key
    assert prior.total.key != main.total.key
    for changed in (prior, window):
        assert changed.direct.key != main.direct.key
        assert changed.effects.key != main.effects.key
    item = replace(agenda[0], ideal_point=replace(agenda[0].ideal_point, midpoint_scale=3.0))
    assert plan(item).total.key == main.total.key
    assert plan(item).direct.key != main.direct.key
    reference = plan(replace(agenda[0], reference="GBR"))
    assert reference.effects.key == main.effects.key


def test_the_explanation_names_the_field_or_the_data_that_changed(agenda):
    main, prior, window = map(plan, agenda)
    records = [{"content": task.whole, "about": task.about} for task in (main.total, window.total)]
    was = MAIN.coalition.guarantee_scale
    assert explain_task(prior.total, records) == [f"coalition.guarantee_scale is 0.5 instead of {was}"]
    stage1 = [{"content": main.stage1["iraq"].whole, "about": main.stage1["iraq"].about}]
    told = explain_task(window.stage1["iraq"], stage1)
    assert "the values of the votes changed" in told
    assert any("data.sessions" in line for line in told)
    assert explain_task(prior.total, []) == ["no result of kind total is stored"]
    old = {
        "content": main.total.whole | {"code": {"models.likelihood.joining": "x"}},
        "about": main.total.about,
    }
    assert "the code of models.likelihood.joining changed" in compare_contents(old, records[0])


def test_what_an_effect_is_computed_from_is_known_before_any_fit(agenda):
    main = agenda[0]

    def trace(**changes):
        variant = apply_changes(main, changes)
        planned = plan(variant)
        fits = trace_fits(variant, planned.effects.key, planned.effects.whole)
        base = plan(main)
        own = trace_fits(main, base.effects.key, base.effects.whole)
        return {kind for kind in fits if fits[kind] != own[kind]}

    assert trace() == set()
    assert trace(**{"data.window": 3}) == {"direct", "alignment", "all"}
    assert trace(**{"ideal_point.midpoint_scale": 3.0}) == {"direct", "alignment", "all"}
    assert trace(**{"alignment.guarantee_scale": 2 * main.alignment.guarantee_scale}) == {"alignment", "all"}
    # The slope of alignment has no part in the total effect, nor has joining in alignment.
    assert trace(**{"coalition.alignment_scale": 2 * main.coalition.alignment_scale}) == {"direct", "all"}
    assert trace(**{"coalition.guarantee_scale": 2 * main.coalition.guarantee_scale}) == {
        "total",
        "direct",
        "all",
    }
    assert trace(**{"data.iraq.joined": "troops"}) == {"total", "direct", "all"}
    assert trace(**{"data.guarantee_levels": "atop"}) == {"total", "direct", "alignment", "all"}
    # Positions are informed by joining in a model of both.
    assert trace(**{"propagation": "measurement"}) == {"direct", "alignment", "all"}
    kinds = {
        "ame_pact_total": "total",
        "att_pact_total": "total",
        "ame_pact_direct": "direct",
        "alignment_slope": "direct",
        "alignment_pact": "alignment",
        "ame_pact_natural_direct": "all",
        "ame_pact_interventional_direct": "all",
        "ame_pact_indirect": "all",
        "some_new_quantity": "all",
    }
    assert {quantity: find_kind(quantity) for quantity in kinds} == kinds


def test_in_every_coding_of_the_guarantee_a_level_stands_for_a_pact():
    named = {name: name_pact([level for level, _ in levels]) for name, levels in GUARANTEE_CODINGS.items()}
    others = {name: level for name, level in named.items() if level != "pact"}
    assert others == {"nato_only": "nato", "nato_apart": "nato", "troops": "troops"}
    assert name_pact(["weak", "strong"]) == "strong"


def save_effects(store, variant):
    labels = ["variant", "axis", "choice", "pact_level", "fit", "status", "reason"]
    table = pd.DataFrame(make_rows("", "", "", 0.3)).drop(columns=labels)
    effects = Effects(table=table.assign(group="all"), draws=xr.Dataset(), mediator=xr.Dataset())
    store.save(plan(variant).effects, effects, 1.0)


def test_what_is_there_is_found_without_loading_data(agenda, tmp_path, monkeypatch):
    store = Store(tmp_path)
    for variant in agenda:
        save_effects(store, variant)
    first = survey(agenda, store, None, lambda share: None)
    told = announce(first, [], {}, {"a+b": "no"})
    assert told.startswith("3 variants, 0 of them stored. 1 combinations exclude each other")
    assert first.list_missing(store) == [t for t in first.list_tasks() if store.find(t) is None]
    loader = "analysis.pipeline.inputs.load_votes"
    monkeypatch.setattr(loader, lambda *args, **kwargs: pytest.fail("data were loaded"))
    again = survey(agenda, store, None, lambda share: None)
    assert again.effects == first.effects
    assert not again.plans
    table = collect(again, store, {})
    assert list(table["variant"].unique()) == ["main-quick", "total", "window"]
    assert (table["status"] == "ok").all()
    fits = table[table["quantity"] == "ame_pact_total"].drop_duplicates("variant").set_index("variant")["fit"]
    assert fits["window"] == fits["main-quick"] != fits["total"]


def test_failures_and_refusals_are_rows_of_the_table(agenda, tmp_path):
    store = Store(tmp_path)
    main, prior, window = agenda
    save_effects(store, main)
    store.save_failure(plan(prior).effects, "joining, total effect did not converge: R-hat 1.2", 1.0)
    refused = replace(window, data=replace(window.data, important_only=True, granularity="agenda"))
    found = survey([main, prior, window, replace(refused, name="refused")], store, None, lambda share: None)
    table = collect(found, store, {plan(window).stage1["iraq"].key: "its worker died"})
    failed = table[table["status"] == "failed"].set_index("variant")["reason"]
    assert "R-hat 1.2" in failed["total"]
    assert failed["window"] == "its worker died"
    assert table["variant"].nunique() == 4
