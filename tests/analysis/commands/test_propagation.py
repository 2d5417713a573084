"""The command ``sfl propagation``."""

import pytest
from typer.testing import CliRunner

from analysis.__main__ import app


@pytest.mark.parametrize("quick", [False, True])
def test_the_command_runs_the_variant_it_is_given(monkeypatch, quick):
    asked = []
    monkeypatch.setattr(
        "analysis.commands.progress.explain_or_run", lambda *_, variant, **__: asked.append(variant)
    )
    flags = ["--quick"] * quick
    assert CliRunner().invoke(app, ["propagation", *flags]).exit_code == 0
    assert CliRunner().invoke(app, ["propagation", "guarantee-pact-only", *flags]).exit_code == 0
    names = ["main", "guarantee-pact-only"]
    assert [v.name for v in asked] == [name + "-quick" * quick for name in names]
    assert [v.run.quick for v in asked] == [quick] * 2
    failed = CliRunner().invoke(app, ["propagation", "guarantee-pact-onyl"])
    assert failed.exit_code == 2
    assert "guarantee-pact-only" in failed.output
    assert len(asked) == 2
