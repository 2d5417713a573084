"""``sfl checks``: check the models of positions and of joining."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.commands.app import (
    ExplainOption,
    QuickOption,
    VariantArgument,
    VotesOption,
    app,
    choose_variant,
)
from analysis.posterior.words import interval, number

if TYPE_CHECKING:
    import pandas as pd


def show_checks(folder: Path, console: Console) -> None:
    """Print the number of checks by verdict, and what repeats, influence and hidden causes show."""
    import pandas as pd

    checks = pd.read_csv(folder / "checks.csv")
    table = Table(title="Checks of both models")
    for column in ("check", "verdict", "rows"):
        table.add_column(column, justify="right" if column == "rows" else "left")
    counts = checks.fillna({"verdict": ""}).groupby(["check", "verdict"], sort=False).size()
    for (check, verdict), n in counts.items():
        table.add_row(str(check), str(verdict), str(n))
    console.print(table)
    if not (checks["check"] == "repeats").any():
        show_comparison(checks, console)
        return
    sentences = [repeats_sentence(checks)]
    if (folder / "influence.csv").is_file():
        sentences.append(influence_sentence(pd.read_csv(folder / "influence.csv")))
    if (folder / "confounding.csv").is_file():
        sentences += hidden_sentences(pd.read_csv(folder / "confounding.csv"))
    lost = checks[checks["check"] == "not_computed"]
    sentences += [
        f"Not computed: {item}: {note}" for item, note in zip(lost["item"], lost["note"], strict=True)
    ]
    for sentence in sentences:
        console.print(f"\n{escape(sentence)}", highlight=False)
    console.print()


def show_comparison(checks: "pd.DataFrame", console: Console) -> None:
    """Print how well states left out are predicted, with no alignment, with each axis of it, and with all."""
    title = "Expected log predictive density (elpd) of states left out; difference from the best model"
    table = Table(title=title)
    for column in ("model", "elpd", "difference", "90 % interval", "verdict"):
        table.add_column(column, justify="left" if column in ("model", "verdict") else "right")
    for _, row in checks[checks["check"] == "comparison"].iterrows():
        low_high = interval(row["lower"], row["upper"], digits=1)
        numbers = number(row["reference"], 1), number(row["value"], 1), low_high
        table.add_row(row["item"], *numbers, row["verdict"])
    console.print(table)


def repeats_sentence(checks: "pd.DataFrame") -> str:
    """Say how often states contradict themselves on resolutions put again, seen and expected."""
    parts = [
        f"{row['case']}: {row['value']:.0f} answers, the model expects {row['reference']:.0f}"
        if row["value"] == row["value"]
        else f"{row['case']}: {row['verdict']}, because {row['note']}"
        for _, row in checks[checks["check"] == "repeats"].iterrows()
    ]
    return "Resolutions put again, answered otherwise than the last time: " + "; ".join(parts) + "."


def influence_sentence(influence: "pd.DataFrame") -> str:
    """Name the state, region, issue and session whose absence moves the pooled effects most."""
    rows = influence[(influence["case"] == "pooled") & influence["quantity"].str.startswith("ame_")]
    parts = []
    for (quantity, kind), part in rows.groupby(["quantity", "kind"], sort=False):
        top = part.loc[part["shift"].abs().idxmax()]
        parts.append(
            f"{quantity} without the {kind} {top['unit']}: {100 * top['effect_without']:+.1f} "
            f"instead of {100 * top['effect_main']:+.1f}"
        )
    return "Largest shifts when one unit is left out (percentage points): " + "; ".join(parts) + "."


def hidden_sentences(surface: "pd.DataFrame") -> list[str]:
    """Say for each case, and pooled, what a hidden cause as strong as the strongest measured one would do."""
    from analysis.studies.checks.hidden.words import find_strongest, say_strongest

    cases = list(dict.fromkeys(surface["case"]))
    return [say_strongest(find_strongest(surface, case), case, {}) for case in cases]


@app.command(epilog="Example: [bold]uv run sfl checks guarantee-pact-only[/bold]")
def checks(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Check both stages: replicated votes, prediction, influence, priors, controls, unmeasured causes."""
    from analysis.commands.progress import explain_or_run
    from analysis.pipeline.inputs import load_inputs
    from analysis.studies.checks.run import list_all, plan_checks, run_checks

    chosen = choose_variant(variant, quick)
    explain_or_run(
        lambda: list_all(plan_checks(chosen, load_inputs(chosen, votes))),
        lambda report: run_checks(chosen, votes_path=votes, report=report),
        show_checks,
        explain=explain,
        quick=quick,
        variant=chosen,
        votes_path=votes,
    )
