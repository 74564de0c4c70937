"""Constants of an image put in by value, and what only readers and type checkers need left out.

The law this file keeps: every line stays where it is, so that a traceback on the board names the line of the source.
Why: a name that a board has once read stays in its memory (docs/decisions/station-heap.md).
"""

import ast
import operator
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeGuard

__all__ = ["inline_constants", "module_name"]

Value = int | str | bytes

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
}


# Names of which only type checkers, readers and CPython make use.
NOT_FOR_A_BOARD = {"TYPE_CHECKING", "__all__", "__slots__"}


class _Edit(NamedTuple):
    node: ast.stmt | ast.expr
    text: str


def inline_constants(sources: dict[str, str]) -> dict[str, str]:
    """Return the modules of an image, by their paths on the board, with all their constants put in; raise SyntaxError.

    A constant is a name in capitals to which its module assigns a number, a text or bytes, once.
    """
    image = _Image({module_name(path): ast.parse(text, path) for path, text in sources.items()})
    return {path: _edited(text, image.edits(module_name(path))) for path, text in sources.items()}


def module_name(path: str) -> str:
    """Return the name by which a module is imported, for its path on the board."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class _Image:
    """All modules of a board, by their names."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self._trees = trees
        self._packages = {name.rpartition(".")[0] for name in trees}
        self._assigned = {name: _assigned_once(tree) for name, tree in trees.items()}
        self._imports = {name: dict(self._imported(name)) for name in trees}
        self._kept = {kept for name in trees for kept in self._reached_otherwise(name)}

    def edits(self, module: str) -> Iterator[_Edit]:
        """Yield what to replace in a module."""
        return self._edits_below(module, self._trees[module])

    def _edits_below(self, module: str, parent: ast.AST) -> Iterator[_Edit]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.stmt) and self._is_left_out(module, node):
                yield _Edit(node, "pass")
            elif isinstance(node, ast.ImportFrom):
                yield from self._import_edit(module, node)
            elif _is_read(node) and (value := self._value(module, node)) is not None:
                yield _Edit(node, f"({value!r})" if isinstance(value, int) and value < 0 else repr(value))
            else:
                yield from self._edits_below(module, node)

    def _is_left_out(self, module: str, node: ast.stmt) -> bool:
        if isinstance(node, ast.If):
            return isinstance(node.test, ast.Name) and node.test.id in NOT_FOR_A_BOARD
        if isinstance(node, ast.FunctionDef):
            return _is_left_to_others(node)
        if not isinstance(node, ast.Assign):
            return False
        names = _names(node.targets[0])
        return not NOT_FOR_A_BOARD.isdisjoint(names) or all(
            name in self._assigned[module] and self._constant(module, name) is not None for name in names
        )

    def _import_edit(self, module: str, node: ast.ImportFrom) -> Iterator[_Edit]:
        origin = self._origin(module, node)
        left = [alias for alias in node.names if self._constant(origin, alias.name) is None]
        if len(left) < len(node.names):
            yield _Edit(node, ast.unparse(ast.ImportFrom(node.module, left, node.level)) if left else "pass")

    def _value(self, module: str, node: ast.expr) -> Value | None:
        """Return what an expression is, or None where only the board can tell."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) in (int, str, bytes) else None
        if isinstance(node, ast.Name):
            return self._constant(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package, name = self._imports[module].get(node.value.id, ("", ""))
            return self._constant(f"{package}.{name}".strip("."), node.attr)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self._value(module, node.operand)
            return -number if isinstance(number, int) else None
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = self._value(module, node.left), self._value(module, node.right)
            if isinstance(left, int) and isinstance(right, int):
                return OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "struct.calcsize":
            layout = self._value(module, node.args[0])
            return struct.calcsize(layout) if isinstance(layout, str) and layout[:1] in ("<", ">") else None
        return None

    def _constant(self, module: str, name: str) -> Value | None:
        """Return the value of a constant that a module assigns, or has imported; None if there is none."""
        if name in self._kept or module not in self._trees or f"{module}.{name}" in self._trees:
            return None
        if name in self._imports[module]:
            return self._constant(*self._imports[module][name])
        expression = self._assigned[module].get(name)
        return None if expression is None else self._value(module, expression)

    def _imported(self, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield (name in this module, (module that it comes from, its name there)); a module comes from its package."""
        for node in ast.walk(self._trees[module]):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, (self._origin(module, node), alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self._trees and "." not in alias.name:
                        yield alias.asname or alias.name, ("", alias.name)

    def _origin(self, module: str, node: ast.ImportFrom) -> str:
        """Return the name of the module from which a statement imports."""
        up = node.level - (module in self._packages)
        parents = module.split(".")[: -up or None] if node.level else []
        return ".".join([*parents, *([node.module] if node.module else [])])

    def _reached_otherwise(self, module: str) -> Iterator[str]:
        """Yield what may be the name of a constant that is not reached through its module, or only when it runs."""
        for node in ast.walk(self._trees[module]):
            if isinstance(node, ast.Attribute):
                is_of_module = isinstance(node.value, ast.Name) and node.value.id in self._imports[module]
                if not is_of_module:
                    yield node.attr
            elif isinstance(node, ast.JoinedStr):  # positions inside it are not those of the source
                yield from (below.id for below in ast.walk(node) if isinstance(below, ast.Name))


def _assigned_once(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what a module assigns to its names in capitals, but for those that it assigns again anywhere."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = _names(node.targets[0])
            values = node.value.elts if isinstance(node.value, ast.Tuple) and len(names) > 1 else [node.value]
            found |= {name: value for name, value in zip(names, values, strict=False) if len(names) == len(values)}
    stored = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    return {name: value for name, value in found.items() if name.isupper() and stored[name] == 1}


def _names(target: ast.expr) -> list[str]:
    """Return the names to which a statement assigns; an empty name for what has none."""
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    return [name.id if isinstance(name, ast.Name) else "" for name in targets]


def _is_read(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    return isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)


def _is_left_to_others(node: ast.FunctionDef) -> bool:
    """Return whether a method only says what the classes below it implement."""
    last = node.body[-1]
    return isinstance(last, ast.Raise) and ast.unparse(last) == "raise NotImplementedError" and not node.body[2:]


def _edited(text: str, edits: Iterator[_Edit]) -> str:
    lines = text.encode().splitlines(keepends=True)  # in bytes, as the positions of `ast`
    for node, replacement in sorted(edits, key=lambda edit: (edit.node.lineno, edit.node.col_offset), reverse=True):
        assert node.end_lineno is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        tail = lines[last][node.end_col_offset :]
        lines[first] = lines[first][: node.col_offset] + replacement.encode() + tail
        for index in range(first + 1, last + 1):
            lines[index] = b"\n"
    return b"".join(lines).decode()
