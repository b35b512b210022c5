"""Frozen dataclasses that cost a command next to nothing before they are used.

The standard decorator writes, compiles and runs seven functions for each class: a millisecond of
start-up, and a command loads some fifty classes but uses few of their methods. Here the methods
that need no code of their own are shared, and a constructor is compiled when the first instance is
made. What comes out is a dataclass to everybody: `fields`, `asdict`, `replace`, `match`, pickle and
`inspect.signature` work as ever, and type checkers see the standard decorator.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "field", "replace"]

_T = TypeVar("_T")
_ABSENT: Any = object()
_put = object.__setattr__


class _Field:
    """What `field` says, under the standard names."""

    __slots__ = ("compare", "default", "default_factory", "repr")

    def __init__(
        self,
        *,
        default: Any = _ABSENT,
        default_factory: Any = _ABSENT,
        compare: bool = True,
        repr: bool = True,  # noqa: A002 - the standard name
    ) -> None:
        self.default = default
        self.default_factory = default_factory
        self.compare = compare
        self.repr = repr


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:

    def dataclass(*, frozen: bool, slots: bool) -> Callable[[type[_T]], type[_T]]:
        """Make a frozen dataclass with slots, the only kind there is here.

        Raises:
            TypeError: Another kind is asked for.
        """
        if not (frozen and slots):
            raise TypeError("the standard decorator makes dataclasses that are not frozen")
        return _make

    field = _Field

    def replace(value: _T, /, **changes: Any) -> _T:
        """Return a copy with other values for some fields.

        Args:
            value: An instance of a dataclass that was made here.
            changes: The new values by field.
        """
        names = type(value).__match_args__
        return type(value)(**{name: getattr(value, name) for name in names} | changes)


def _make(original: Any) -> Any:
    """Return the class with slots; its own methods stay, as with the standard decorator."""
    if hasattr(original, "__match_args__"):
        raise TypeError(f"{original.__qualname__} cannot inherit fields")
    kinds = original.__annotations__.items()
    names = tuple(name for name, kind in kinds if "ClassVar" not in str(kind))
    body = {name: value for name, value in original.__dict__.items() if name not in _NOT_COPIED}
    given = {name: body.pop(name) for name in names if name in body}
    if body.get("__hash__", _ABSENT) is None:
        del body["__hash__"]  # Python put it there because of a method __eq__

    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        made.__init__ = compiled = _constructor(made, names, given)
        compiled(self, *args, **kwargs)

    standard = {name: _Standard(name, original) for name in _OF_STANDARD}
    made: Any = type(original)(
        original.__name__,
        original.__bases__,
        {
            **_SHARED,
            **standard,
            **_comparing(names, given),
            "__init__": first,
            "__match_args__": names,
            "__slots__": names,
            **body,
        },
    )
    made.__qualname__ = original.__qualname__
    return made


def _comparing(names: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Return the methods that leave out some fields."""
    plain = [each for each in names if not isinstance(given.get(each), _Field)]
    compared = [each for each in names if each in plain or given[each].compare]
    shown = [each for each in names if each in plain or given[each].repr]
    key: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()

    def equal(self: Any, other: Any) -> Any:
        return key(self) == key(other) if type(other) is type(self) else NotImplemented

    def text(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

    return {"__eq__": equal, "__hash__": lambda self: hash(key(self)), "__repr__": text}


def _constructor(made: type, names: tuple[str, ...], given: dict[str, Any]) -> Any:
    """Compile the constructor: straight code, because some classes have very many instances."""
    scope: dict[str, Any] = {"_absent": _ABSENT, "_put": _put}
    parameters, lines = ["self"], []
    for name in names:
        default, value = given.get(name, _ABSENT), name
        if isinstance(default, _Field):
            if default.default_factory is not _ABSENT:
                scope[f"_make_{name}"] = default.default_factory
                value = f"_make_{name}() if {name} is _absent else {name}"
                parameters.append(f"{name}=_absent")
            default = default.default
        if default is not _ABSENT:
            scope[f"_default_{name}"] = default
            parameters.append(f"{name}=_default_{name}")
        elif value == name:
            parameters.append(name)
        lines.append(f" _put(self, {name!r}, {value})\n")
    if hasattr(made, "__post_init__"):
        lines.append(" self.__post_init__()\n")
    code = f"def __init__({', '.join(parameters)}):\n{''.join(lines) or ' pass'}"
    exec(compile(code, f"<dataclass {made.__qualname__}>", "exec"), scope)  # noqa: S102 - our text
    return scope["__init__"]


def _refuse_setting(_self: Any, name: str, _value: Any) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in type(self).__match_args__]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(type(self).__match_args__, state, strict=True):
        _put(self, name, value)


class _Standard:
    """An attribute that the standard decorator makes, made when somebody first asks for it."""

    __slots__ = ("_made", "_name", "_original")

    def __init__(self, name: str, original: type) -> None:
        self._name = name
        self._original = original
        self._made: Any = _ABSENT

    def __get__(self, instance: object, owner: type) -> Any:
        # Whoever walks through values asks for the fields of each one.
        if self._made is _ABSENT:
            self._made = self._make()
        return self._made

    def _make(self) -> Any:
        import dataclasses
        import inspect

        body = {
            name: _standard_field(value) if isinstance(value, _Field) else value
            for name, value in self._original.__dict__.items()
            if name not in _NOT_COPIED
        }
        twin = type(self._original)(self._original.__name__, self._original.__bases__, body)
        made: Any = dataclasses.dataclass(frozen=True)(twin)
        wants_signature = self._name == "__signature__"
        return inspect.signature(made) if wants_signature else getattr(made, self._name)


def _standard_field(value: _Field) -> Any:
    import dataclasses

    options = {name: getattr(value, name) for name in _Field.__slots__}
    return dataclasses.field(**{name: o for name, o in options.items() if o is not _ABSENT})


_NOT_COPIED = frozenset({"__dict__", "__weakref__"})
_OF_STANDARD = ("__dataclass_fields__", "__dataclass_params__", "__signature__")
_SHARED: dict[str, Any] = {
    "__delattr__": _refuse_deleting,
    "__getstate__": _state,
    "__replace__": replace,
    "__setattr__": _refuse_setting,
    "__setstate__": _set_state,
}
