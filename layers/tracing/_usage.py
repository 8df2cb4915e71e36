"""Which function of a module alone uses what the module imports, and could import it itself."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType

_FUNCTION = 0x1  # `inspect.CO_OPTIMIZED`: the code of a module or of a class's body has it not


def only_user(module: CodeType, names: set[str]) -> str | None:
    """Return the one function of a module whose code has these names, `None` if the module's own has too."""
    users = list(_users(module, names))
    if len(users) != 1 or any(_loads(module, name) for name in names):
        return None
    return users[0]


def _users(code: CodeType, names: set[str]) -> Iterator[str]:
    """Yield the outermost functions that use a name, and classes whose bodies do."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & _FUNCTION:
                if any(not names.isdisjoint(one.co_names) for one in _all(inner)):
                    yield inner.co_qualname
            else:
                if not names.isdisjoint(inner.co_names):
                    yield from (inner.co_qualname, "")  # is run at once: nothing can be moved
                yield from _users(inner, names)


def _all(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _all(inner)


def _loads(module: CodeType, name: str) -> bool:
    """Tell whether a module's own code, which stores a name when it imports, reads it too."""
    if name not in module.co_names:
        return False
    from opcode import opmap  # noqa: PLC0415 - needed when one function uses what was imported

    place, argument, code = module.co_names.index(name), 0, module.co_code
    for at in range(0, len(code), 2):
        argument |= code[at + 1]
        if code[at] == opmap["EXTENDED_ARG"]:
            argument <<= 8
            continue
        if (code[at], argument) == (opmap["LOAD_NAME"], place):
            return True
        if code[at] == opmap["LOAD_GLOBAL"] and argument >> 1 == place:
            return True
        argument = 0
    return False
