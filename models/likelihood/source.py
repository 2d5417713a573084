"""Cached machine code is renewed when any source file that it is made from changes.

Numba caches a kernel on disk under the text of the kernel's own file, and PyTensor caches an Op under a key
that the Op gives. Neither looks at the files that the kernel imports. Both look at them through this module.
"""

import ast
from functools import cache
from hashlib import sha256
from pathlib import Path

import numba
from numba.core import caching

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "models"


def find_sources(*files: str | Path) -> list[Path]:
    """List files and all files of this package that they import, directly or indirectly, sorted."""
    found, waiting = set(), [Path(file).resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _find_imports(file)
    return sorted(found)


def hash_sources(*files: str | Path) -> int:
    """Hash the names and texts of ``find_sources(*files)``.

    Names count because cached code looks its kernels up by module.

    Returns
    -------
    int
        0 to 2**48 - 1.
    """
    named = (_name(file).encode() + file.read_bytes() for file in find_sources(*files))
    return int(sha256(b"".join(named)).hexdigest()[:12], 16)


def _name(file: Path) -> str:
    """Return a file's path within the project; of a file elsewhere, its name."""
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name


@cache
def _find_imports(file: Path) -> list[Path]:
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    files = [ROOT / (name.replace(".", "/") + ".py") for name in names]
    return [file for file in files if file.is_relative_to(PACKAGE) and file.is_file()]


class _RenewedWithImports:
    """Mixin for numba's cache locators: for kernels of this package, the imported files count too."""

    @classmethod
    def from_function(cls, py_func, py_file):
        """Return a locator for a function of this package, None for any other."""
        if Path(py_file).resolve().is_relative_to(PACKAGE):
            return super().from_function(py_func, py_file)
        return None

    def get_source_stamp(self):
        """Return what must be unchanged for cached code to be used."""
        return hash_sources(self._py_file)


# Numba has no public way to do this; PyTensor registers its own locator in the same place. The folders stay
# numba's: NUMBA_CACHE_DIR if set, else beside the file, else (read-only checkout) the user's cache.
caching.CacheImpl._locator_classes[:0] = [
    type(f"Kernel{locator.__name__}", (_RenewedWithImports, locator), {})
    for locator in (
        caching.UserProvidedCacheLocator,
        caching.InTreeCacheLocator,
        caching.UserWideCacheLocator,
    )
]


def kernel(*fastmath: str):
    """Return ``numba.njit`` with the options shared by all kernels.

    Parameters
    ----------
    *fastmath : str
        LLVM's fast-math flags, such as ``"contract"`` or ``"reassoc"``. Default: none.
    """
    return numba.njit(fastmath=set(fastmath) or False, error_model="numpy", cache=True)
