"""The commands under ``sfl case``: begin a case of one's own, and see which cases there are."""

from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import bad_input_ends, console

case_app = typer.Typer(
    no_args_is_help=True, help="Cases: begin a coalition of your own, and list those that ship."
)


@case_app.command("new", epilog="Example: [bold]uv run sfl case new libya.toml[/bold]")
def case_new(
    file: Annotated[Path, typer.Argument(help="The case file to write; its name ends with .toml.")],
) -> None:
    """Write a case file to fill in and, beside it, an empty coalition table."""
    from data.load import write_template

    with bad_input_ends():
        for path in write_template(file.expanduser()):
            console.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
    lines = (
        "Fill in both; data/YOUR_OWN_CASE.md explains each line. Then, to see whether all is there:",
        f"  uv run sfl run --case {file} --explain",
    )
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


@case_app.command("list", epilog="Example: [bold]uv run sfl case list[/bold]")
def case_list() -> None:
    """List the cases that ship, for the option --case."""
    from data.load import list_cases

    for name, case, is_main in list_cases():
        kind = "main analysis" if is_main else "example"
        text = f"{name:12} {case.label:14} {kind}, sessions {case.first_session}-{case.last_session}"
        console.print(text, highlight=False, markup=False)
