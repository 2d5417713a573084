"""Variants from the command line, and how a wrong one ends."""

from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.variants.table import CHOICES, VARIANTS, choose_variants


def test_variants_from_the_command_line():
    named, changed = choose_variants(["main", "guarantee-pact-only"], ["coalition.region_scale=2"])
    assert named.name == "coalition.region_scale=2"
    assert changed.name == "guarantee-pact-only+coalition.region_scale=2"
    assert (named.coalition.region_scale, changed.coalition.region_scale) == (2.0, 2.0)
    assert changed.data.guarantee_levels == VARIANTS["guarantee-pact-only"].data.guarantee_levels


def test_without_a_name_the_variants_are_listed():
    done = CliRunner().invoke(app, ["fit"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert [choice.name for choice in CHOICES if choice.name not in done.output] == []


def test_a_wrong_name_field_or_value_ends_with_2_and_the_nearest():
    for words, said in (
        (["guarantee-pact-onli"], "guarantee-pact-only"),
        (["--set", "coalition.guarante_scale=1"], "guarantee_scale"),
        (["--set", "coalition.guarantee_scale=-1"], "guarantee_scale"),
    ):
        done = CliRunner().invoke(app, ["fit", *words], env={"COLUMNS": "200"})
        assert done.exit_code == 2, done.output
        assert said in done.output
