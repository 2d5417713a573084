"""Compile a PyMC model for nutpie so that the machine code is found on disk by whatever needs it next.

nutpie's own way (``nutpie.compile_pymc``) builds the sizes of the parameters into the code, and wraps it
into C callbacks that cannot be cached, since they hold arrays; and to compile a wrapper is to compile all
that it calls once more, cached or not. Here sizes and prior numbers are data, and the wrappers are text
without arrays, cached under the keys of the functions that they wrap: the same model at any other size or
prior, in this process or a later one, needs no compiler. What the callbacks do, and all else, is as nutpie
has it.
"""

import hashlib
import itertools
import logging
import math

import numba
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numba.core.ccallback import CFunc
from numba.core.typing.templates import Signature
from nutpie import compile_pymc as nutpie_pymc
from pymc.initial_point import make_initial_point_fn
from pymc.pytensorf import compile as compile_function
from pytensor.compile import Function
from pytensor.graph import rewrite_graph
from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import io_toposort
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS, compile_numba_function_src

from models.coordinates.precondition import split_vector

# With fast-math, code compiled afresh and code loaded from the cache differ in the last digits, and a
# chain turns that into other draws: the same seed would not give the same result.
pytensor.config.numba__fastmath = False

# PyMC names every variable that it draws; what a command does, it says itself.
logging.getLogger("pymc").setLevel(logging.WARNING)

DOUBLES = numba.types.CPointer(numba.types.double)
ADDRESSES = numba.types.CPointer(numba.types.uint64)
"""What nutpie hands to a callback: the address of every data array, then their sizes, then their shapes."""

COUNT = numba.types.uint64
POINT = "carray(point_, (n_point,))"
"""The first argument of what a callback calls; data follow."""
FEW = 20
"""Arguments written in one tuple: Python builds a longer one by way of a list, which numba does not know."""
LOGP_SIGNATURE = numba.types.int64(COUNT, DOUBLES, DOUBLES, DOUBLES, ADDRESSES)
LOGP_SOURCE = """
def logp(n_point, point_, gradient_, value_, addresses_):
    try:
        addresses = carray(addresses_, ({n_address},))
        value, d_point = evaluate(*({arguments}))
        gradient = carray(gradient_, (n_point,))
        gradient[...] = d_point
        carray(value_, ())[()] = value[()]
        if not np.all(np.isfinite(gradient)):
            return 3
        if not np.isfinite(value[()]):
            return 4
    except Exception:
        return 1
    return 0
"""
EXPAND_SIGNATURE = numba.types.int64(COUNT, COUNT, DOUBLES, DOUBLES, ADDRESSES)
EXPAND_SOURCE = """
def expand(n_point, n_saved, point_, saved_, addresses_):
    try:
        addresses = carray(addresses_, ({n_address},))
        carray(saved_, (n_saved,))[...] = evaluate(*({arguments}))[0]
    except Exception:
        return -2
    return 0
"""


def compile_model(
    model: pm.Model, saved: list[str], jitter_rvs: set | None = None
) -> nutpie_pymc.CompiledPyMCModel:
    """Compile a model for nutpie.

    Parameters
    ----------
    model : pm.Model
        Of continuous parameters.
    saved : list of str
        Variables to keep. Others, free ones too, are never stored, unlike with nutpie's own compilation: at a
        million votes that alone would be half of the memory.
    jitter_rvs : set, optional
        Free variables that begin by chance around their starting value. Otherwise those for which the model
        says nothing: jitter would drown what its own starting values say.

    Returns
    -------
    CompiledPyMCModel
        ``with_data`` gives the same code other data.
    """
    if jitter_rvs is None:
        jitter_rvs = {rv for rv in model.free_RVs if model.rvs_to_initial_values[rv] is None}
    start = make_initial_point_fn(
        model=model, default_strategy="support_point", jitter_rvs=jitter_rvs, return_transformed=True
    )
    values = [model.rvs_to_values[rv] for rv in model.free_RVs]
    begin = start(0)
    free = [value.name for value in values]
    free_shapes = [np.shape(begin[name]) for name in free]
    kept = [variable for variable in model.unobserved_value_vars if variable.name in saved]
    logp, expand = compile_functions(model, values, free_shapes, kept)
    # The callbacks read memory row by row: an array kept in another order would be read as another array.
    data = {
        variable: np.array(variable.get_value(), order="C")
        for variable in [*logp.get_shared(), *expand.get_shared()]
    }
    for array in data.values():
        array.flags.writeable = False
    keys = {variable: str(number) for number, variable in enumerate(data)}
    arrays = {keys[variable]: array for variable, array in data.items()}
    names, shapes = [variable.name for variable in kept], compute_shapes(model, kept)
    ends = np.cumsum([0, *map(math.prod, shapes)])
    layout = (names, [slice(*pair) for pair in itertools.pairwise(ends)], shapes)
    transformed = [
        model.rvs_to_values[rv].name for rv in model.free_RVs if model.rvs_to_transforms[rv] is not None
    ]
    dims, coords = nutpie_pymc._prepare_dims_and_coords(model, layout, transformed)
    return nutpie_pymc.CompiledPyMCModel(
        _n_dim=sum(map(math.prod, free_shapes)),
        dims=dims,
        _coords=coords,
        _shapes=dict(zip(names, shapes, strict=True)),
        compiled_logp_func=compile_callback(LOGP_SOURCE, LOGP_SIGNATURE, logp, data),
        compiled_expand_func=compile_callback(EXPAND_SOURCE, EXPAND_SIGNATURE, expand, data),
        initial_point_func=nutpie_pymc._rv_dict_to_flat_array_wrapper(
            nutpie_pymc._wrap_with_lock(start), free, free_shapes
        ),
        shared_data=arrays,
        shared_var_keys=keys,
        user_data=nutpie_pymc.make_user_data(keys, arrays),
        n_expanded=int(ends[-1]),
        shape_info=layout,
        logp_func=logp,
        expand_func=expand,
        reparameterized_names=transformed,
    )


def compile_functions(
    model: pm.Model, values: list, shapes: list[tuple[int, ...]], kept: list
) -> tuple[Function, Function]:
    """Log density with its gradient, and what is to be kept, as functions of one flat vector.

    Parameters
    ----------
    model : pm.Model
    values : list of TensorVariable
        Unconstrained parameters, in the order of the vector.
    shapes : list of tuple of int
        Theirs.
    kept : list of TensorVariable
        Output of the second function, one after another.
    """
    point = pt.dvector("unconstrained_point")
    replacements = split_vector(point, values, shapes)
    rewrites = ["canonicalize", "stabilize"] + ["local_remove_check_parameter"] * (not model.check_bounds)
    logp = rewrite_graph(lift_numbers(model.logp()), include=rewrites)
    gradient = pt.concatenate([pt.atleast_1d(g).ravel() for g in pt.grad(logp, values)])
    saved = pt.concatenate([pt.atleast_1d(variable).ravel() for variable in kept])
    outputs = clone_replace([logp, gradient, saved], replacements, rebuild_strict=False)
    with model:
        return (
            compile_function([point], outputs[:2], mode="NUMBA"),
            compile_function([point], outputs[2:], mode="NUMBA"),
        )


def lift_numbers(logp: pt.TensorVariable) -> pt.TensorVariable:
    """The same density with its numbers, those of priors among them, as data instead of constants.

    Each use of a number is data of its own, or code would depend on which numbers happen to be equal. Zeros
    and ones stay: PyTensor simplifies formulas by them.
    """
    numbers = []
    values = pytensor.shared(np.zeros(0), name="numbers")
    rebuilt = {}
    for node in io_toposort([], [logp]):
        inputs = [rebuilt.get(variable, variable) for variable in node.inputs]
        for place, variable in enumerate(inputs):
            if is_number(variable):
                inputs[place] = pt.shape_padleft(values[len(numbers)], variable.ndim)
                numbers.append(float(variable.data.item()))
        if any(new is not old for new, old in zip(inputs, node.inputs, strict=True)):
            outputs = node.clone_with_new_inputs(inputs, strict=False).outputs
            rebuilt |= zip(node.outputs, outputs, strict=True)
    values.set_value(np.array(numbers))
    return rebuilt.get(logp, logp)


def is_number(variable: pt.TensorVariable) -> bool:
    """True for a constant that is one finite number, neither 0 nor 1 nor an integer's type."""
    return (
        isinstance(variable, Constant)
        and variable.type.dtype in ("float32", "float64")
        and np.size(variable.data) == 1
        and bool(np.isfinite(variable.data).all())
        and float(variable.data.item()) not in (0.0, 1.0)
    )


def compute_shapes(model: pm.Model, variables: list) -> list[tuple[int, ...]]:
    """Shapes of variables at the model's initial point."""
    point = model.initial_point()
    inputs = [model.rvs_to_values[rv] for rv in model.free_RVs]
    function = pytensor.function(
        inputs, [variable.shape for variable in variables], mode="FAST_COMPILE", on_unused_input="ignore"
    )
    return [tuple(map(int, shape)) for shape in function(*(point[value.name] for value in inputs))]


def compile_callback(source: str, signature: Signature, function: Function, data: dict) -> CFunc:
    """Compile the wrapper of a function, or find it in PyTensor's cache.

    Parameters
    ----------
    source : str
        Of the wrapper, to be filled in: the function's ``arguments``, and ``n_address``.
    signature : Signature
        What nutpie calls.
    function : Function
        Compiled by PyTensor for numba; takes the flat vector.
    data : dict
        Shared variable -> array, for all of the model's data in the order of the addresses.
    """
    arrays, n_address = {}, 2 * len(data)
    for number, (variable, value) in enumerate(data.items()):
        shape = "".join(f"int(addresses[{n_address + axis}]), " for axis in range(value.ndim))
        pointer = f"address_as_void_pointer(addresses[{number}])"
        arrays[variable] = f"carray({pointer}, ({shape}), np.{value.dtype.name})"
        n_address += value.ndim
    arguments = itertools.batched([POINT, *(arrays[v] for v in function.get_shared())], FEW)
    joined = " + ".join(f"({', '.join(few)},)" for few in arguments)
    text = source.format(arguments=joined, n_address=n_address)
    evaluate = function.vm.jit_fn
    names = {
        "__name__": __name__,
        "evaluate": evaluate,
        "carray": numba.carray,
        "address_as_void_pointer": nutpie_pymc.address_as_void_pointer,
        "np": np,
    }
    # Functions with large constants have no key: they cannot be cached, nor can what calls them.
    inner = CACHED_SRC_FUNCTIONS.get(evaluate.py_func)
    key = inner and hashlib.sha256(f"{__name__}{inner}{text}".encode()).hexdigest()
    name = text.split("(")[0].split()[-1]
    wrapper = compile_numba_function_src(text, name, names, cache_key=key)
    return numba.cfunc(signature, cache=key is not None)(wrapper)
