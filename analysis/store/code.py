"""What code a fit depends on: the definitions that its function reaches, found in the source.

A key made of whole folders renews every fit after every edit; one made by hand forgets something. Here the
names that a function uses are followed through the project's own modules, so that an edit of one model, or of
a comment, leaves the fits of the other alone.
"""

import ast
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("analysis", "data", "models")

# What their classes hold is in the content of every fit, field by field. The source would add the defaults
# of all models to the key of each.
BY_VALUE = frozenset({"models.spec", "data.spec", "data.case", "analysis.variants.variant"})

HARMLESS = ("cache", "contextmanager", "dataclass")
"""Decorators that register what they decorate nowhere."""


def hash_code(fit: Callable) -> dict[str, str]:
    """Hash of the code that a function reaches, by module of the project.

    Parameters
    ----------
    fit : callable
        A function at the top of a module of the project.

    Returns
    -------
    dict of str to str
        Hexadecimal, by module name. It does not change with comments, docstrings and layout, nor with
        definitions that the function cannot reach. Packages from elsewhere are not looked into: their
        versions are part of every fit's content.

    Raises
    ------
    ValueError
        If the function stands in no module of the project.
    """
    return dict(_hash_code(fit.__module__, fit.__name__))


@cache
def _hash_code(module: str, name: str) -> tuple[tuple[str, str], ...]:
    if not _path(module):
        raise ValueError(f"{module}.{name} is not in the project's folders {', '.join(PACKAGES)}")
    reached: dict[str, set[str]] = {}
    _follow(module, name, reached)
    hashes = {}
    for found, names in sorted(reached.items()):
        kept = [ast.unparse(s) for s in _definitions(found) if not _binds(s) or _binds(s) & names]
        hashes[found] = hashlib.sha256("\n".join(kept).encode()).hexdigest()[:24]
    return tuple(hashes.items())


def _path(module: str) -> Path | None:
    """File of a module of the project; None for a module from elsewhere."""
    if module.split(".")[0] not in PACKAGES:
        return None
    place = ROOT.joinpath(*module.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


@cache
def _read(module: str) -> tuple[ast.stmt, ...]:
    """Statements at the top of a module, without docstrings."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not _is_text(s)] or [ast.Pass()]
    return tuple(tree.body)


def _definitions(module: str) -> list[ast.stmt]:
    return [s for s in _read(module) if not isinstance(s, ast.Import | ast.ImportFrom)]


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _binds(statement: ast.stmt) -> set[str]:
    """Names by which a statement can be asked for; none if it acts when the module is imported.

    A decorated function may be registered somewhere and be called without being named: it counts as acting.
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
    # An assignment to an attribute (a setting of a library) acts, whoever asks.
    if any(isinstance(node, ast.Attribute | ast.Subscript) for node in names):
        return set()
    return {node.id for node in names if isinstance(node, ast.Name)}


def _leftmost(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@cache
def _imports(module: str) -> dict[str, tuple[str, str | None]]:
    """What each name that a module imports stands for: a module and a name in it, or a whole module.

    Imports within functions count as well.
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
    """Add a definition, and all that it uses, to what is reached; without a name, the whole module."""
    if module in BY_VALUE or not _path(module):
        return
    imports = _imports(module)
    if name in imports:
        _follow(*imports[name], reached)
        return
    first = module not in reached
    names = reached.setdefault(module, set())
    wanted = []
    for statement in _definitions(module):
        bound = _binds(statement)
        if (not bound and first) or (bound - names and (name is None or name in bound)):
            names |= bound
            wanted.append(statement)
    for statement in wanted:
        for used in _used(statement):
            if used in imports:
                _follow(*imports[used], reached)
            else:
                _follow(module, used, reached)


def _used(statement: ast.stmt) -> Iterator[str]:
    yield from {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
