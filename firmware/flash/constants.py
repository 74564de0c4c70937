"""Which names in the modules of an image are constants, and their values.

A constant is a name in capitals to which its module assigns a number, a text or bytes, once.
"""

import ast
import operator
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Constants", "assigned_names"]

Value = int | str | bytes

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
}


class Constants:
    """Those of all modules of an image, given by their names."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self._nodes = {name: list(ast.walk(tree)) for name, tree in trees.items()}
        self._packages = {name.rpartition(".")[0] for name in trees}
        self._assigned = {name: _assigned_once(tree, self._nodes[name]) for name, tree in trees.items()}
        self._imports = {name: dict(self._imported(name)) for name in trees}
        self._kept = {kept for name in trees for kept in self._reached_otherwise(name)}

    def value(self, module: str, node: ast.expr) -> Value | None:
        """Return what an expression is, or None where only the board can tell."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) in (int, str, bytes) else None
        if isinstance(node, ast.Name):
            return self.constant(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package, name = self._imports[module].get(node.value.id, ("", ""))
            return self.constant(f"{package}.{name}".strip("."), node.attr)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self.value(module, node.operand)
            return -number if isinstance(number, int) else None
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = self.value(module, node.left), self.value(module, node.right)
            if isinstance(left, int) and isinstance(right, int):
                return OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "struct.calcsize":
            layout = self.value(module, node.args[0])
            return struct.calcsize(layout) if isinstance(layout, str) and layout[:1] in ("<", ">") else None
        return None

    def assigns(self, module: str, name: str) -> bool:
        """Return whether this is a constant, and assigned in this module."""
        return name in self._assigned[module] and self.constant(module, name) is not None

    def constant(self, module: str, name: str) -> Value | None:
        """Return the value of a constant that a module assigns, or has imported; None if there is none."""
        if name in self._kept or module not in self._nodes or f"{module}.{name}" in self._nodes:
            return None
        if name in self._imports[module]:
            return self.constant(*self._imports[module][name])
        expression = self._assigned[module].get(name)
        return None if expression is None else self.value(module, expression)

    def origin(self, module: str, node: ast.ImportFrom) -> str:
        """Return the name of the module from which a statement imports."""
        up = node.level - (module in self._packages)
        parents = module.split(".")[: -up or None] if node.level else []
        return ".".join([*parents, *([node.module] if node.module else [])])

    def _imported(self, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield (name in this module, (module that it comes from, its name there)); a module comes from its package."""
        for node in self._nodes[module]:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, (self.origin(module, node), alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self._nodes and "." not in alias.name:
                        yield alias.asname or alias.name, ("", alias.name)

    def _reached_otherwise(self, module: str) -> Iterator[str]:
        """Yield what may be the name of a constant that is not reached through its module, or only when it runs."""
        for node in self._nodes[module]:
            if isinstance(node, ast.Attribute):
                is_of_module = isinstance(node.value, ast.Name) and node.value.id in self._imports[module]
                if not is_of_module:
                    yield node.attr
            elif isinstance(node, ast.JoinedStr):  # positions inside it are not those of the source
                yield from (below.id for below in ast.walk(node) if isinstance(below, ast.Name))


def assigned_names(target: ast.expr) -> list[str]:
    """Return the names to which a statement assigns; an empty name for what has none."""
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    return [name.id if isinstance(name, ast.Name) else "" for name in targets]


def _assigned_once(tree: ast.Module, nodes: list[ast.AST]) -> dict[str, ast.expr]:
    """Return what a module assigns to its names in capitals, but for those that it assigns again anywhere."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            names = assigned_names(node.targets[0])
            values = node.value.elts if isinstance(node.value, ast.Tuple) and len(names) > 1 else [node.value]
            found |= {name: value for name, value in zip(names, values, strict=False) if len(names) == len(values)}
    stored = Counter(node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
    return {name: value for name, value in found.items() if name.isupper() and stored[name] == 1}
