"""``sfl ideal`` and ``sfl place``: positions in any assembly, and a further voter's place among them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from analysis.commands.app import ExplainOption, app, bad_input_ends, console, job_ends

if TYPE_CHECKING:
    from analysis.variants.sampler import Report

CodesOption = Annotated[
    str | None, typer.Option(help="What the cells mean, such as 1=yes,6=nay,9=missing. Default: words, 1/0.")
]


def show_notes(notes: list[str], console: Console) -> None:
    """Print how the file was read and what was left out."""
    for note in notes:
        console.print(escape(note[:1].upper() + note[1:] + "."), highlight=False)


def show_positions(folder: Path, console: Console) -> None:
    """Print both ends of the scale, and convergence."""
    import pandas as pd

    table = pd.read_csv(folder / "positions.csv")
    record = json.loads((folder / "ideal.json").read_text(encoding="utf-8"))
    show_notes(record["notes"], console)
    for end, rows in (("Highest", table.head(3)), ("Lowest", table.tail(3).iloc[::-1])):
        said = ", ".join(
            f"{r.member} {r.mean:.2f} ({r.lower:.2f} to {r.upper:.2f})" for r in rows.itertuples()
        )
        console.print(f"{end}: {escape(said)}", highlight=False)
    figures = record["convergence"]
    console.print(
        f"{record['members']:,} members, {record['roll_calls']:,} roll calls, {record['answers']:,} answers. "
        f"R-hat at most {figures['max_rhat']:.4f}, effective sample at least "
        f"{min(figures['min_ess_bulk'], figures['min_ess_tail']):.0f}, no divergence.",
        highlight=False,
    )


@app.command(
    epilog="Example: [bold]uv run sfl ideal data/examples/chamber.csv --group party --toward M59[/bold]"
)
def ideal(
    file: Annotated[Path, typer.Argument(help="Members as rows, their names first; roll calls as columns.")],
    group: Annotated[
        str | None, typer.Option(help="Column with each member's group, such as a party.")
    ] = None,
    toward: Annotated[
        str | None, typer.Option(help="Member who stands at the high end. Default: the first.")
    ] = None,
    codes: CodesOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer draws, to try the command out.")] = False,
    explain: ExplainOption = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder of tables, draws and figure. Default: ideal_<file> here.")
    ] = None,
) -> None:
    """Estimate positions in any assembly from a file of its roll calls."""
    from analysis.commands.progress import explain_or_run
    from analysis.studies.assembly.plan import choose_run, plan_assembly
    from data.load import read_assembly
    from models.assembly.matrix import prepare_matrix

    with bad_input_ends():
        read = read_assembly(file, group, codes)
        votes = prepare_matrix(read.answers, read.groups, toward)
    votes.attrs["notes"] = [*read.notes, *votes.attrs["notes"]]
    run, folder = choose_run(votes, quick=quick), output or Path(f"ideal_{file.stem}")

    def make(report: "Report") -> Path:
        from analysis.studies.assembly.run import run_assembly

        return run_assembly(run, votes, folder, quick=quick, report=report)

    explain_or_run(lambda: plan_assembly(run, votes), make, show_positions, explain=explain, quick=quick)


@app.command(epilog="Example: [bold]uv run sfl place my_votes.csv --on ideal_chamber/ideal.nc[/bold]")
def place(
    file: Annotated[Path, typer.Argument(help="New voters as rows, roll calls of the fit as columns.")],
    on: Annotated[Path, typer.Option(help="Stored fit: ideal.nc, or ideal_point_<case>.nc of a run.")],
    codes: CodesOption = None,
    output: Annotated[Path | None, typer.Option(help="Table to write (CSV).")] = None,
) -> None:
    """Place new voters on the roll calls of a stored fit, in seconds."""
    from analysis.store.files import write_table
    from analysis.studies.assembly.run import GOOD_K, load_items, place_voters
    from data.load import DataError, read_assembly

    with job_ends(console):
        if not on.is_file():
            raise DataError(f"{on}: no such file; sfl ideal and sfl run write fits that can be used here")
        try:
            items = load_items(on)
            read = read_assembly(file, codes=codes, roll_calls=items["item"].values.tolist())
            table = place_voters(read.answers, items)
        except ValueError as error:
            raise DataError(str(error)) from None
        show_notes(read.notes, console)
        for row in table.itertuples():
            console.print(
                f"{escape(str(row.voter))}: {row.mean:.2f} ({row.lower:.2f} to {row.upper:.2f}) from "
                f"{row.answers} answers; Pareto k {row.pareto_k:.2f}",
                highlight=False,
            )
        if (table["pareto_k"] > GOOD_K).any():
            console.print("Pareto k above 0.7: the stored fit no longer serves. Fit again with sfl ideal.")
        if output:
            write_table(table, output)
            console.print(f"Files: {escape(str(output))}", highlight=False)
