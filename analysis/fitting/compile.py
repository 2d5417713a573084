"""Compile a PyMC model for nutpie, and cache the machine code on disk.

``nutpie.compile_pymc`` builds the sizes of parameters into the code. Its C callbacks hold arrays, so numba
cannot cache them, and compiling a callback compiles everything that it calls again.

Here sizes and prior numbers are data. The callbacks are wrappers that hold no arrays, cached under the keys
of the functions that they call. The same model with other sizes or priors then needs no compiler, in this
process or a later one. Otherwise everything is as in nutpie.
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

# With fast-math, newly compiled and cached code differ in the last digits. A chain would amplify the
# difference, and the same seed would not give the same draws.
pytensor.config.numba__fastmath = False

# PyMC logs every variable that it samples. Commands report their own progress.
logging.getLogger("pymc").setLevel(logging.WARNING)

DOUBLES = numba.types.CPointer(numba.types.double)
ADDRESSES = numba.types.CPointer(numba.types.uint64)
"""What nutpie passes to a callback: the address of each data array, then their sizes, then their shapes."""

COUNT = numba.types.uint64
OF_FORMULAS = (-0.5, 2 * np.pi, 2 / np.pi)
"""Constants of the normal and the half-normal density."""

ARGUMENTS_PER_TUPLE = 20
"""Python builds a longer tuple from a list, which numba does not support."""

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
        All free variables must be continuous.
    saved : list of str
        Variables to store. Unlike in nutpie, no other variable is stored, free or not. With a million votes
        the others would take half of the memory.
    jitter_rvs : set, optional
        Free variables with random starting values. By default those without a starting value in the model,
        since jitter would hide the starting values that the model gives.

    Returns
    -------
    CompiledPyMCModel
        Its method ``with_data`` returns the same code with other data.
    """
    if jitter_rvs is None:
        jitter_rvs = {rv for rv in model.free_RVs if model.rvs_to_initial_values[rv] is None}
    start = make_initial_point_fn(
        model=model, default_strategy="support_point", jitter_rvs=jitter_rvs, return_transformed=True
    )
    values = [model.rvs_to_values[rv] for rv in model.free_RVs]
    free_names = [value.name for value in values]
    first_point = start(0)
    free_shapes = [np.shape(first_point[name]) for name in free_names]
    kept = [variable for variable in model.unobserved_value_vars if variable.name in saved]
    logp, expand = compile_functions(model, values, free_shapes, kept)

    data = copy_data(logp, expand)
    keys = {variable: str(number) for number, variable in enumerate(data)}
    arrays = {keys[variable]: array for variable, array in data.items()}

    names, shapes = [variable.name for variable in kept], compute_shapes(model, kept)
    ends = np.cumsum([0, *map(math.prod, shapes)])
    layout = (names, [slice(*pair) for pair in itertools.pairwise(ends)], shapes)
    transformed = [
        model.rvs_to_values[rv].name for rv in model.free_RVs if model.rvs_to_transforms[rv] is not None
    ]
    dims, coords = nutpie_pymc._prepare_dims_and_coords(model, layout, transformed)
    n_dim = sum(map(math.prod, free_shapes))
    # nutpie names only parameters that are stored under their own names.
    coords["unconstrained_parameter"] = np.arange(n_dim)
    return nutpie_pymc.CompiledPyMCModel(
        _n_dim=n_dim,
        dims=dims,
        _coords=coords,
        _shapes=dict(zip(names, shapes, strict=True)),
        compiled_logp_func=compile_callback(LOGP_SOURCE, LOGP_SIGNATURE, logp, data),
        compiled_expand_func=compile_callback(EXPAND_SOURCE, EXPAND_SIGNATURE, expand, data),
        initial_point_func=nutpie_pymc._rv_dict_to_flat_array_wrapper(
            nutpie_pymc._wrap_with_lock(start), free_names, free_shapes
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


def copy_data(*functions: Function) -> dict:
    """Copy the data of functions: shared variable -> read-only array, each once, in order of use."""
    # The callbacks read memory row by row, so every array must be in C order.
    data = {
        variable: np.array(variable.get_value(), order="C")
        for function in functions
        for variable in function.get_shared()
    }
    for array in data.values():
        array.flags.writeable = False
    return data


def compile_functions(
    model: pm.Model, values: list, shapes: list[tuple[int, ...]], kept: list
) -> tuple[Function, Function]:
    """Compile two functions of one flat vector: the log density with its gradient, and the kept variables.

    The vector holds the unconstrained ``values`` in order, with their ``shapes``. The second function returns
    the ``kept`` variables as one vector.
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
    """Return the same density with its numbers, such as those of priors, as data instead of constants.

    Each use of a number becomes a separate element, or the code would depend on which numbers happen to be
    equal. Zeros and ones stay constants, because PyTensor simplifies formulas with them, and so do
    ``OF_FORMULAS``, which keeps the code short.
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
    """Return whether a variable is a constant floating-point number, finite and no formula's own."""
    return (
        isinstance(variable, Constant)
        and variable.type.dtype in ("float32", "float64")
        and np.size(variable.data) == 1
        and bool(np.isfinite(variable.data).all())
        and float(variable.data.item()) not in (0.0, 1.0, *OF_FORMULAS)
    )


def compute_shapes(model: pm.Model, variables: list) -> list[tuple[int, ...]]:
    """Compute the shapes of variables at the model's initial point."""
    point = model.initial_point()
    inputs = [model.rvs_to_values[rv] for rv in model.free_RVs]
    function = pytensor.function(
        inputs, [variable.shape for variable in variables], mode="FAST_COMPILE", on_unused_input="ignore"
    )
    return [tuple(map(int, shape)) for shape in function(*(point[value.name] for value in inputs))]


def compile_callback(source: str, signature: Signature, function: Function, data: dict) -> CFunc:
    """Compile the wrapper of a function, or load it from PyTensor's cache.

    Parameters
    ----------
    source : str
        Text of the wrapper, with the fields ``arguments`` and ``n_address``.
    signature : Signature
        C signature that nutpie calls.
    function : Function
        Compiled by PyTensor for numba. It takes the flat vector.
    data : dict
        Shared variable -> array, for all data of the model, in the order of the addresses.
    """
    n_address = sum(2 + array.ndim for array in data.values())
    text = source.format(arguments=write_arguments(function, data), n_address=n_address)
    evaluate = function.vm.jit_fn
    names = {
        "__name__": __name__,
        "evaluate": evaluate,
        "carray": numba.carray,
        "address_as_void_pointer": nutpie_pymc.address_as_void_pointer,
        "np": np,
    }
    # A function with large constants has no key. Neither it nor its wrapper can be cached.
    function_key = CACHED_SRC_FUNCTIONS.get(evaluate.py_func)
    key = function_key and hashlib.sha256(f"{__name__}{function_key}{text}".encode()).hexdigest()
    name = text.split("(")[0].split()[-1]
    wrapper = compile_numba_function_src(text, name, names, cache_key=key)
    return numba.cfunc(signature, cache=key is not None)(wrapper)


def write_arguments(function: Function, data: dict) -> str:
    """Write the arguments of a function as text: the flat vector, then the data at their addresses."""
    arrays, axis = {}, 2 * len(data)
    for number, (variable, array) in enumerate(data.items()):
        shape = "".join(f"int(addresses[{axis + k}]), " for k in range(array.ndim))
        pointer = f"address_as_void_pointer(addresses[{number}])"
        arrays[variable] = f"carray({pointer}, ({shape}), np.{array.dtype.name})"
        axis += array.ndim
    arguments = ["carray(point_, (n_point,))", *(arrays[variable] for variable in function.get_shared())]
    tuples = itertools.batched(arguments, ARGUMENTS_PER_TUPLE)
    return " + ".join(f"({', '.join(few)},)" for few in tuples)
