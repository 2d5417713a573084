"""Variants from the command line, and how a wrong one ends."""

from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.variants.table import AXES, CHOICES, VARIANTS, choose_variants


def test_variants_from_the_command_line():
    named, changed = choose_variants(["main", "guarantee-pact-only"], ["coalition.region_scale=2"])
    assert named.name == "coalition.region_scale=2"
    assert changed.name == "guarantee-pact-only+coalition.region_scale=2"
    assert (named.coalition.region_scale, changed.coalition.region_scale) == (2.0, 2.0)
    assert changed.data.guarantee_levels == VARIANTS["guarantee-pact-only"].data.guarantee_levels


def test_without_a_name_the_kinds_of_choices_fit_on_one_screen():
    done = CliRunner().invoke(app, ["fit"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert [axis for axis in AXES if not any(line.split()[:1] == [axis] for line in lines)] == []


def test_an_axis_lists_its_variants_and_a_wrong_one_names_the_nearest():
    done = CliRunner().invoke(app, ["fit", "--axis", "guarantee"], env={"COLUMNS": "80"})
    names = [choice.name for choice in CHOICES if choice.axis == "guarantee"]
    assert [name for name in names if name not in done.output] == []
    wrong = CliRunner().invoke(app, ["fit", "--axis", "guarante"], env={"COLUMNS": "200"})
    assert wrong.exit_code == 2
    assert "guarantee" in wrong.output


def test_a_wrong_name_field_or_value_ends_with_2_and_the_nearest():
    for words, said in (
        (["guarantee-pact-onli"], "guarantee-pact-only"),
        (["--set", "coalition.guarante_scale=1"], "guarantee_scale"),
        (["--set", "guarantee_scale=0.5"], "coalition.guarantee_scale"),
        (["--set", "guarante_scale=0.5"], "coalition.guarantee_scale"),
        (["--set", "joined=troops"], "data.iraq.joined"),
        (["--set", "coalition.guarantee_scale=-1"], "guarantee_scale"),
    ):
        done = CliRunner().invoke(app, ["fit", *words], env={"COLUMNS": "200"})
        assert done.exit_code == 2, done.output
        assert said in done.output
