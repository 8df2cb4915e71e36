"""A rule: which resources it looks at, what is wrong with one, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Resource:
    """What Pulumi registers: a type token, a name, inputs as the provider names them.

    `uses` has for each input the URNs of the resources whose outputs are in it. It is known in a preview,
    where the outputs are not.
    """

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """`problems` says what is wrong with one resource, as the end of a sentence about it; nothing if right.

    It gets all resources of the stack where `of_stack` is set, else none. Where `in_production` is set, the
    rule holds for production stacks alone.
    """

    name: str
    description: str
    fix: str
    types: frozenset[str]
    problems: Callable[[Resource, Sequence[Resource]], Iterator[str]]
    of_stack: bool = False
    in_production: bool = False

    def violations(self, resource: Resource, stack: Sequence[Resource] = ()) -> Iterator[str]:
        """Yield a message for each problem: the rule, the resource, what is wrong, the fix."""
        if resource.type in self.types:
            for problem in self.problems(resource, stack):
                yield f"{self.name}: {resource.type} {resource.name} {problem}. Fix: {self.fix}."


ResourceCheck = Callable[[Resource], Iterator[str]]
StackCheck = Callable[[Resource, Sequence[Resource]], Iterator[str]]


def rule(*types: str, fix: str, in_production: bool = False) -> Callable[[ResourceCheck], Rule]:
    """Make a rule of a function of one resource: its name is the rule's, its docstring the description."""

    def made(check: ResourceCheck) -> Rule:
        return _rule(check, types, fix, lambda one, _: check(one), in_production=in_production)

    return made


def stack_rule(*types: str, fix: str) -> Callable[[StackCheck], Rule]:
    """Make a rule of a function of one resource and all resources of its stack."""

    def made(check: StackCheck) -> Rule:
        return _rule(check, types, fix, check, of_stack=True)

    return made


def _rule(
    named: Callable[..., Any], types: Iterable[str], fix: str, problems: StackCheck, **kind: bool
) -> Rule:
    description = (named.__doc__ or "").strip().splitlines()[0]
    name = named.__name__.replace("_", "-")
    return Rule(name, description, fix, frozenset(types), problems, **kind)


def given(props: Mapping[str, Any], name: str) -> bool:
    """Return whether an input is there, also when its value is not known yet."""
    return name in list(props)
