"""What we assume: the models, without files and without sampling.

For an assembly of your own: ``from models import prepare_matrix, build_ideal_point_model, IdealPointSpec``.
"""

from importlib import import_module

_HOMES = {
    "IdealPointSpec": "models.spec",
    "SpecError": "models.spec",
    "build_ideal_point_model": "models.ideal_point",
    "place_voter": "models.assembly.placing",
    "prepare_matrix": "models.assembly.matrix",
}
"""Names for other assemblies, and their modules."""


def __getattr__(name: str) -> object:
    # Loaded when asked for, because the model loads PyMC and specs need not.
    if name not in _HOMES:
        raise AttributeError(f"module 'models' has no attribute {name!r}; it has {', '.join(_HOMES)}")
    return getattr(import_module(_HOMES[name]), name)
