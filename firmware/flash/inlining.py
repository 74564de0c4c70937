"""Constants of an image put in by value, and what only readers and type checkers need left out.

The law this file keeps: every line stays where it is, so that a traceback on the board names the line of the source.
Why: a name that a board has once read stays in its memory (docs/decisions/station-names.md).
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from firmware.flash.constants import Constants, assigned_names

__all__ = ["inline_constants", "module_name"]

# Names of which only type checkers, readers and CPython make use.
NOT_FOR_A_BOARD = {"TYPE_CHECKING", "__all__", "__slots__"}


class _Edit(NamedTuple):
    node: ast.stmt | ast.expr
    text: str


def inline_constants(sources: dict[str, str]) -> dict[str, str]:
    """Return the modules of an image, by their paths on the board, with all constants put in; raise SyntaxError."""
    trees = {module_name(path): ast.parse(text, path) for path, text in sources.items()}
    constants = Constants(trees)
    edited = {}
    for path, text in sources.items():
        module = module_name(path)
        edited[path] = _edited(text, _edits_below(constants, module, trees[module]))
    return edited


def module_name(path: str) -> str:
    """Return the name by which a module is imported, for its path on the board."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _edits_below(constants: Constants, module: str, parent: ast.AST) -> Iterator[_Edit]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.stmt) and _is_left_out(constants, module, node):
            yield _Edit(node, "pass")
        elif isinstance(node, ast.ImportFrom):
            yield from _import_edit(constants, module, node)
        elif _is_read(node) and (value := constants.value(module, node)) is not None:
            yield _Edit(node, f"({value!r})" if isinstance(value, int) and value < 0 else repr(value))
        else:
            yield from _edits_below(constants, module, node)


def _is_left_out(constants: Constants, module: str, node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id in NOT_FOR_A_BOARD
    if isinstance(node, ast.FunctionDef):
        return _is_left_to_others(node)
    if not isinstance(node, ast.Assign):
        return False
    names = assigned_names(node.targets[0])
    return not NOT_FOR_A_BOARD.isdisjoint(names) or all(constants.assigns(module, name) for name in names)


def _is_left_to_others(node: ast.FunctionDef) -> bool:
    """Return whether a method only says what the classes below it implement."""
    last = node.body[-1]
    is_only_raise = isinstance(last, ast.Raise) and ast.unparse(last) == "raise NotImplementedError"
    return is_only_raise and not node.body[2:] and not node.decorator_list


def _import_edit(constants: Constants, module: str, node: ast.ImportFrom) -> Iterator[_Edit]:
    origin = constants.origin(module, node)
    left = [alias for alias in node.names if constants.constant(origin, alias.name) is None]
    if len(left) < len(node.names):
        yield _Edit(node, ast.unparse(ast.ImportFrom(node.module, left, node.level)) if left else "pass")


def _is_read(node: ast.AST) -> TypeGuard[ast.Name | ast.Attribute]:
    return isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)


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
