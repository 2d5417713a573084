"""Prior numbers as data of a model, so that a changed number needs no new compilation."""

from dataclasses import fields
from types import SimpleNamespace

import pymc as pm


def as_data(spec: object) -> SimpleNamespace:
    """The fields of a spec, each number replaced by data of the model that is being built.

    Compiled code then holds no prior number, and serves every spec of the same choices: a reviewer who
    changes a hundred priors waits for one compilation.

    Parameters
    ----------
    spec : dataclass
        A spec of ``models.spec``; the data are named as its fields.

    Returns
    -------
    SimpleNamespace
        A field that is a number holds a scalar tensor, every other its value.
    """
    return SimpleNamespace(
        **{
            field.name: pm.Data(field.name, float(getattr(spec, field.name)))
            if field.type is float
            else getattr(spec, field.name)
            for field in fields(spec)
        }
    )
