"""The table of variants: every row builds, and differs from the main analysis and from all other rows."""

import json
from dataclasses import fields

import pytest

from analysis.pipeline.inputs import load_inputs
from analysis.studies.sensitivity.survey import variant_key
from analysis.variants.change import apply_changes, parse_change
from analysis.variants.models import UNUSED
from analysis.variants.table import AXES, CHOICES, MAIN, VARIANTS, build_variant, cross_axes, find_variants
from analysis.variants.variant import Variant
from data.load import find_rollcalls, load_panel
from data.spec import DataSpec
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec

NEEDED_AXES = {
    *("window", "granularity", "votes", "issues", "abstention", "absence", "lopsidedness", "guarantee"),
    *("coalition", "covariates", "measures", "family", "pooling", "state-effect", "states", "propagation"),
    *("priors-ideal-point", "priors-coalition", "priors-alignment"),
}


def test_there_are_enough_choices_on_every_axis():
    assert len(CHOICES) >= 80
    assert set(AXES) >= NEEDED_AXES
    count = {axis: sum(choice.axis == axis for choice in CHOICES) for axis in AXES}
    assert count["guarantee"] >= 8
    assert count["coalition"] >= 8
    assert all(choice.reason and choice.source for choice in CHOICES)


def test_names_are_unique_and_no_two_variants_are_the_same():
    assert len(VARIANTS) == len(CHOICES)
    contents = [json.dumps(variant_key(v), sort_keys=True, default=str) for v in (MAIN, *VARIANTS.values())]
    assert len(set(contents)) == len(contents)


def test_every_prior_number_is_halved_and_doubled():
    for spec in ("coalition", "alignment", "ideal_point"):
        for field in fields(getattr(MAIN, spec)):
            value = getattr(getattr(MAIN, spec), field.name)
            if field.type is not float or f"{spec}.{field.name}" in UNUSED or value == 0:
                continue
            given = {getattr(getattr(v, spec), field.name) for v in VARIANTS.values()}
            assert {value / 2, value * 2} <= given, field.name


def test_every_variant_of_the_panel_can_be_modelled():
    panels = {}
    for name, variant in VARIANTS.items():
        if variant.data == MAIN.data:
            continue
        spec = variant.data.to_json()
        panel = panels[spec] = panels[spec] if spec in panels else load_panel(variant.data)
        data = prepare_panel_data(panel, variant.coalition.missing)
        assert data.included.sum() > 200, name
        assert 0 < data.joined.sum() < data.included.sum(), name


@pytest.mark.skipif(find_rollcalls() is None, reason="needs roll calls, and none are found")
def test_every_variant_of_the_votes_gives_votes_of_its_own():
    loaded, seen = {}, set()
    for name, variant in VARIANTS.items():
        if all(variant.data.votes_json(c) == MAIN.data.votes_json(c) for c in MAIN.data.cases):
            continue
        votes = load_inputs(variant, loaded=loaded).votes
        shapes = tuple((v.sizes["item"], v.sizes["state"], int(v["counts"].sum())) for v in votes.values())
        assert shapes not in seen, name
        seen.add(shapes)
    assert len(seen) > 15


def test_a_cross_is_a_full_product_and_names_choices_that_exclude_each_other():
    variants, impossible = cross_axes(["abstention", "absence"])
    assert len(variants) + len(impossible) == 3 * 4
    assert list(impossible) == ["abstention-missing+absence-abstain"]
    assert variants[0] is MAIN
    assert all(variant.axis == "abstention+absence" for variant in variants[1:])
    both = next(v for v in variants if v.choice == "no+abstain")
    assert (both.data.abstention, both.data.absence) == ("no", "abstain")


def test_choices_on_two_axes_keep_both_recodings():
    variant = build_variant(
        *(c for c in CHOICES if c.name in ("guarantee-mexico-out-of-rio", "coalition-without-tonga"))
    )
    assert len(variant.data.recode) == 2


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("coalition.guarante_scale", "guarantee_scale"),
        ("data.irak.joined", "iraq"),
        ("colition.guarantee_scale", "coalition"),
        ("run.total.drws", "draws"),
        ("data.iraq.joind", "joined"),
    ],
)
def test_a_misspelt_field_is_an_error_with_the_nearest(path, nearest):
    with pytest.raises(ValueError, match=f"nearest: '{nearest}'"):
        apply_changes(MAIN, {path: 1})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("coalition", "holds several fields"),
        ("data.iraq", "a case, not a field"),
        ("coalition.guarantee_scale.x", "has no fields"),
        ("name", "not one of reference"),
    ],
)
def test_a_path_that_is_no_field_is_an_error(path, message):
    with pytest.raises(ValueError, match=message):
        apply_changes(MAIN, {path: 1})


def test_a_misspelt_name_or_axis_is_an_error_with_the_nearest():
    with pytest.raises(ValueError, match="guarantee-pact-only"):
        find_variants(["guarantee-pakt-only"])
    with pytest.raises(ValueError, match="coalition"):
        cross_axes(["coaliton"])


def test_changes_are_read_from_text():
    changes = dict(
        map(parse_change, ["data.window=3", "data.iraq.joined=troops", "coalition.region_scale=2"])
    )
    variant = apply_changes(MAIN, changes)
    assert variant.data.window == 3
    assert variant.data.case("iraq").joined == "troops"
    assert variant.coalition.region_scale == 2.0
    assert isinstance(variant.coalition.region_scale, float)
    assert apply_changes(variant, {"data.window": None}).data.window is None
    with pytest.raises(ValueError, match="path=value"):
        parse_change("data.window")


def test_errors_of_covariates_need_a_covariate_that_has_them():
    with pytest.raises(ValueError, match=r"published standard deviation \(gdp_per_capita\); covariates: aid"):
        Variant(
            data=DataSpec(covariates=("aid",)),
            coalition=CoalitionSpec(measurement_error="model"),
        )
    VARIANTS["measures-gdp-pwt"].require_plain_stage2("checks")
    with pytest.raises(ValueError, match="checks take covariates as known; not for measurement_error"):
        VARIANTS["measures-gdp-error"].require_plain_stage2("checks")


def test_interactions_need_capability_and_common_causes_have_rows():
    with pytest.raises(ValueError, match="'capability-region' needs the covariate 'capability'"):
        apply_changes(MAIN, {"data.covariates": ("aid",)})
    assert VARIANTS["covariates-minimal"].coalition.heterogeneity == "none"
    assert MAIN.coalition.heterogeneity == "capability-region"
    assert MAIN.coalition.geography == "subregion"
    assert VARIANTS["pooling-without-subregions"].coalition.geography == "region"
    assert VARIANTS["covariates-and-eu"].data.covariates[-1] == ("eu_member", "none")
    assert "troops" in dict(VARIANTS["covariates-and-troops"].data.covariates)
