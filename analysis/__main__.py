"""The command line: parses, calls, prints. ``python -m analysis --help`` is the table of contents."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from analysis.commands.data import data_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a US security guarantee buy diplomatic legitimacy? From General Assembly votes to an answer.",
)
app.add_typer(data_app, name="data")
console = Console()

VotesOption = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        help="Roll calls: a file of any release, or a folder with one; otherwise they are looked for.",
    ),
]


@app.command(epilog="Example: [bold]python -m analysis run --quick[/bold]")
def run(
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Run the main job: both stages, from votes to the effect of a guarantee, with its uncertainty."""
    # Imports wait until a command needs them: help should not take ten seconds.
    from analysis.commands.run import run_and_show
    from analysis.variants.table import MAIN

    sys.exit(run_and_show(MAIN.quick() if quick else MAIN, votes, console))


@app.command(epilog="Example: [bold]python -m analysis checks guarantee-pact-only[/bold]")
def checks(
    variant: Annotated[str, typer.Argument(help="Name of a variant.")] = "main",
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Check the second stage: prediction, influence, sensitivity to priors, controls, hidden causes."""
    from analysis.commands.checks import check_and_show

    sys.exit(check_and_show(choose_variant(variant, quick), votes, console))


@app.command(
    epilog="Example: [bold]python -m analysis fit guarantee-pact-only[/bold], or "
    "[bold]fit --set coalition.guarantee_scale=0.5 --set data.window=3[/bold]"
)
def fit(
    names: Annotated[
        list[str] | None, typer.Argument(help="Variants of the table; without any, it is listed.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field and its value: coalition.guarantee_scale=0.5."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say only what would be fitted, and why, and what reused.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Run variants of the table, or the main analysis with fields set otherwise, beside the main analysis."""
    from analysis.commands.fit import choose_variants, fit_and_compare, list_choices
    from analysis.variants.table import MAIN

    if not names and not changes:
        sys.exit(list_choices(console))
    try:
        variants = choose_variants(names or [], changes or [], quick=quick)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from None
    main = MAIN.quick() if quick else MAIN
    sys.exit(fit_and_compare(variants, main, votes, console, explain=explain))


@app.command(epilog="Example: [bold]python -m analysis compare main guarantee-pact-only[/bold]")
def compare(
    first: Annotated[str, typer.Argument(help="A run, or [bold]published[/bold].")],
    second: Annotated[str, typer.Argument(help="Another run; otherwise the main one.")] = "main",
) -> None:
    """What differs between two runs, and whether it is noise; [bold]published[/bold] is what is committed."""
    from analysis.commands.compare import show_comparison

    sys.exit(show_comparison(first, second, console))


@app.command(
    epilog="Example: [bold]python -m analysis sensitivity --axes guarantee,coalition[/bold], or "
    "[bold]--cross guarantee,coalition,covariates[/bold]"
)
def sensitivity(
    axes: Annotated[
        str | None, typer.Option(help="Only variants on these axes, with commas. Otherwise all.")
    ] = None,
    cross: Annotated[str | None, typer.Option(help="The product of the choices on these axes.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler, as tcp://host:8786; otherwise this machine's cores.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Workers on this machine.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say only what would be made, and why, and what reused.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Run every choice of the project otherwise, one at a time or crossed, and say what moves the answer."""
    from analysis.commands.sensitivity import choose_variants, run_sensitivity

    try:
        variants, impossible = choose_variants(axes, cross)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(
        run_sensitivity(
            variants,
            impossible,
            console,
            votes_path=votes,
            scheduler=scheduler,
            workers=workers,
            explain=explain,
        )
    )


@app.command(epilog="Example: [bold]python -m analysis benchmark --peers numba,nutpie,rstan[/bold]")
def benchmark(
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute or two on small simulated votes, for trying out.")
    ] = False,
    peers: Annotated[
        str | None,
        typer.Option(
            help="What to measure beside this project, with commas: numba, jax, nutpie, pymc, numpyro, "
            "mcmcpack, rstan, rstan_plain. Otherwise all; in a quick run all but those of Stan."
        ),
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Runs of each sampler.")] = None,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the table and the figure.")] = None,
) -> None:
    """Measure speed beside other samplers, in one run on the same votes; what is missing is left out."""
    from analysis.store.files import OUTPUT
    from analysis.studies.benchmark.run import choose_spec, show_benchmark

    try:
        spec = choose_spec(quick=quick, peers=peers, repetitions=repetitions)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_benchmark(spec, votes, output or OUTPUT, console))


@app.command(epilog="Example: [bold]python -m analysis claims --quick[/bold]")
def claims(
    variant: Annotated[str, typer.Argument(help="Name of a variant.")] = "main",
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Put the rest of the argument to the data: asymmetry, different goods, informality, hierarchy."""
    from analysis.commands.claims import run_and_show_claims

    sys.exit(run_and_show_claims(variant, quick, votes, console))


@app.command(epilog="Example: [bold]python -m analysis propagation guarantee-pact-only[/bold]")
def propagation(
    variant: Annotated[str, typer.Argument(help="Name of a variant.")] = "main",
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Run a variant in all four ways of carrying stage-1 uncertainty, and show them side by side."""
    from analysis.commands.propagation import run_and_show_ways

    sys.exit(run_and_show_ways(choose_variant(variant, quick), votes, console))


@app.command(epilog="Example: [bold]python -m analysis report[/bold]")
def report(
    variant: Annotated[
        str, typer.Argument(help="Whose results; main-quick for those of a quick run.")
    ] = "main",
    output: Annotated[
        Path | None, typer.Option(help="The page; otherwise analysis/output/report.html.")
    ] = None,
) -> None:
    """Write the report: one page of all results that opens in any browser, offline."""
    from analysis.report.page import write_report
    from analysis.store.files import OUTPUT
    from analysis.store.results import MissingResultsError, Results

    try:
        path = write_report(Results.load(variant), output or OUTPUT / "report.html")
    except MissingResultsError as error:
        console.print(
            f"[bold red]No report:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(2)
    console.print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", highlight=False, soft_wrap=True)


@app.command(epilog="Example: [bold]python -m analysis dynamic --sessions 1-74[/bold]")
def dynamic(
    sessions: Annotated[str, typer.Option(help="First and last session, 1-80 at most.")] = "1-80",
    step: Annotated[
        str, typer.Option(help="A state's move between sessions: normal, or student_t for abrupt change.")
    ] = "normal",
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of tables, draws and figures.")] = None,
) -> None:
    """Estimate every state's position in every session since 1946, from all votes at once."""
    from analysis.commands.data import bad_input_ends
    from analysis.store.files import OUTPUT
    from analysis.studies.dynamic.run import DynamicRun, parse_sessions, show_dynamic
    from models.spec import DynamicIdealPointSpec, SpecError

    with bad_input_ends():
        span = parse_sessions(sessions)
    try:
        model = DynamicIdealPointSpec(step=step)
    except SpecError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_dynamic(DynamicRun(sessions=span, model=model), votes, output or OUTPUT, console))


def choose_variant(name: str, quick: bool):
    """The variant of a name; an unknown one ends the command with the nearest right one."""
    from analysis.commands.fit import choose_variants

    try:
        return choose_variants([] if name == "main" else [name], [], quick=quick)[0]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


if __name__ == "__main__":
    app()
