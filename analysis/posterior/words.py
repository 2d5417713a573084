"""Numbers as a reader meets them: points, percent, intervals, how sure."""

import math

MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """A number with a real minus sign and a comma every thousand; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if not any(digit in "123456789" for digit in text):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def points(share: float) -> str:
    """A difference of probabilities in percentage points."""
    return number(100 * share, 0)


def percent(share: float) -> str:
    """A probability in percent."""
    return f"{number(100 * share, 0)} %"


def interval(lower: float, upper: float, *, scale: float = 1, digits: int = 0) -> str:
    """The two ends of an interval."""
    return f"{number(scale * lower, digits)} to {number(scale * upper, digits)}"


def probability(value: float) -> str:
    """A posterior probability; draws cannot tell more than three digits."""
    if value > 0.999:
        return "above 0.999"
    if value < 0.001:
        return "below 0.001"
    return number(value, 3)


def certainty(prob_positive: float) -> str:
    """How sure the direction of an effect is, in words, from the probability that it is positive."""
    more = max(prob_positive, 1 - prob_positive)
    if more >= 0.99:
        return "almost certain"
    if more >= 0.95:
        return "very likely"
    if more >= 0.8:
        return "likely"
    return "not to be told"
