"""Hash the code that a task depends on: all definitions that its function reaches.

A hash of whole folders would renew every fit after any edit, and a hand-written list would miss something.
Here the names that a function uses are followed through the source of the project. An edit of one model, or
of a comment, then leaves the fits of other models valid.
"""

import ast
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from analysis.store.files import ROOT

PACKAGES = ("analysis", "data", "models")

# The content of every fit holds the fields of these classes by value. Their source would add the defaults of
# all models to every key.
BY_VALUE = frozenset({"models.spec", "data.spec", "data.case", "analysis.variants.variant"})

HARMLESS = ("cache", "contextmanager", "dataclass")
"""Decorators that do not register the function. Without its name, nothing can call it."""


def hash_code(fit: Callable) -> dict[str, str]:
    """Hash the code that a function reaches, by module of the project.

    Parameters
    ----------
    fit : callable
        A function defined at the top level of a module of the project.

    Returns
    -------
    dict of str to str
        Hexadecimal hash by module name. Comments, docstrings, layout and definitions out of reach do not
        count. Other packages are not followed; their versions are part of every key.

    Raises
    ------
    ValueError
        If it is a lambda, a nested function, a method or a partial, or is defined outside the project.
    """
    name = getattr(fit, "__qualname__", "")
    # Only a function at the top of a module is found by its name. The key of any other would miss its code.
    if not name.isidentifier():
        raise ValueError(
            f"{fit!r} must be a function at the top of a module, not a lambda, a partial, a method or a "
            "function in another"
        )
    return dict(_hash_code(fit.__module__, name))


@cache
def _hash_code(module: str, name: str) -> tuple[tuple[str, str], ...]:
    if not _path(module):
        raise ValueError(f"{module}.{name} is not in the project's folders {', '.join(PACKAGES)}")
    reached: dict[str, set[str]] = {}
    _follow(module, name, reached)
    hashes = {}
    for found, names in sorted(reached.items()):
        kept = [_unparse(s) for s, bound, _ in _definitions(found) if not bound or bound & names]
        hashes[found] = hashlib.sha256("\n".join(kept).encode()).hexdigest()[:24]
    return tuple(hashes.items())


@cache
def _path(module: str) -> Path | None:
    """Return the file of a module of the project, or None for another package."""
    if module.split(".")[0] not in PACKAGES:
        return None
    place = ROOT.joinpath(*module.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


@cache
def _read(module: str) -> tuple[ast.stmt, ...]:
    """Return the top-level statements of a module, without docstrings."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not _is_text(s)] or [ast.Pass()]
    return tuple(tree.body)


@cache
def _definitions(module: str) -> list[tuple[ast.stmt, set[str], set[str]]]:
    """Return the statements of a module, without imports, each with the names it binds and those it uses."""
    return [
        (s, _binds(s), {node.id for node in ast.walk(s) if isinstance(node, ast.Name)})
        for s in _read(module)
        if not isinstance(s, ast.Import | ast.ImportFrom)
    ]


@cache
def _unparse(statement: ast.stmt) -> str:
    return ast.unparse(statement)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)


def _binds(statement: ast.stmt) -> set[str]:
    """Return the names that a statement defines; none if it acts when the module is imported.

    A decorated function counts as acting, since its decorator may register it and let it be called unnamed.
    """
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        quiet = all(_leftmost(d) in HARMLESS for d in statement.decorator_list)
        return {statement.name} if quiet else set()
    targets = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    names = [node for target in targets for node in ast.walk(target)]
    # An assignment to an attribute, such as a setting of a library, acts on import.
    if any(isinstance(node, ast.Attribute | ast.Subscript) for node in names):
        return set()
    return {node.id for node in names if isinstance(node, ast.Name)}


def _leftmost(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@cache
def _imports(module: str) -> dict[str, tuple[str, str | None]]:
    """Map each imported name to a module and a name in it (None for a whole module).

    Imports within functions count too.
    """
    found = {}
    for statement in (node for s in _read(module) for node in ast.walk(s)):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = (alias.name if alias.asname else name, None)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                whole = f"{statement.module}.{alias.name}"
                found[alias.asname or alias.name] = (
                    (whole, None) if _path(whole) else (statement.module, alias.name)
                )
    return found


def _follow(module: str, name: str | None, reached: dict[str, set[str]]) -> None:
    """Add a definition and everything that it uses to ``reached``. Without a name, add the whole module."""
    if module in BY_VALUE or not _path(module):
        return
    imports = _imports(module)
    if name in imports:
        _follow(*imports[name], reached)
        return
    first = module not in reached
    names = reached.setdefault(module, set())
    wanted = []
    for _, bound, uses in _definitions(module):
        if (not bound and first) or (bound - names and (name is None or name in bound)):
            names |= bound
            wanted.append(uses)
    for uses in wanted:
        for used in uses:
            if used in imports:
                _follow(*imports[used], reached)
            else:
                _follow(module, used, reached)
