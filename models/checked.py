"""The base of all specs: fields that are checked when a spec is made."""

from dataclasses import fields
from typing import Literal, get_args, get_origin


class SpecError(ValueError):
    """A model choice that does not exist, or a prior number outside its range."""


class Spec:
    """A spec that checks its own fields."""

    def __post_init__(self):
        """Raise SpecError if a ``Literal`` field has none of its choices, or a scale is not positive."""
        for field in fields(self):
            value = getattr(self, field.name)
            given = f"{type(self).__name__}.{field.name} = {value!r}"
            if get_origin(field.type) is Literal:
                allowed = get_args(field.type)
                if value not in allowed:
                    raise SpecError(f"{given}; allowed: {', '.join(map(repr, allowed))}")
            elif field.type in (float, int):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise SpecError(f"{given}; a number is needed")
                if field.name.endswith(("_scale", "_df", "_sd")) and not value > 0:
                    raise SpecError(f"{given}; it must be positive")
