"""The terminal shows the answer of a run case by case, as a table and in sentences."""

import pytest
from rich.console import Console
from support.made_results import write_results

from analysis.commands.run import show_answer


@pytest.mark.parametrize("variant", ["main", "main-quick"])
def test_the_answer_is_a_table_and_sentences(tmp_path, variant):
    console = Console(width=400, record=True)
    show_answer(write_results(tmp_path, variant) / variant, console)
    text = console.export_text()
    assert "Iraq 2003 +42 points (29 to 55)" in text
    assert "mean of the cases +1.10 sd (0.77 to 1.43)" in text
    assert text.count("Probability that the effect is positive: Iraq 2003 above 0.999") == 2
    assert "Does it run through the Assembly? Found for Iraq 2003" in text
    assert "Whether a pact did more in Iraq 2003 than in ISIS 2014-17" in text
    [row] = [line for line in text.splitlines() if "ame_rio_total" in line and "Iraq" in line]
    assert [cell.strip() for cell in row.split("│")[3:7]] == ["12.0", "9.0", "−2.8 to 26.8", "0.700"]
    assert ("for trying out, not a result" in text) == (variant == "main-quick")
