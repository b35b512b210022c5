"""Our dataclasses beside those of the standard decorator."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from promptreg import values
from promptreg.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Ours:
    """A value with a field of every kind."""

    name: str
    count: int = 0
    parts: tuple[str, ...] = ()
    items: dict[str, int] = field(default_factory=dict, compare=False)
    note: str | None = field(default=None, repr=False, compare=False)
    KIND: ClassVar[str] = "value"

    @property
    def title(self) -> str:
        """The name as a title."""
        return self.name.title()


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """The same by the standard decorator."""

    name: str
    count: int = 0
    parts: tuple[str, ...] = ()
    items: dict[str, int] = dataclasses.field(default_factory=dict, compare=False)
    note: str | None = dataclasses.field(default=None, repr=False, compare=False)
    KIND: ClassVar[str] = "value"

    @property
    def title(self) -> str:
        """The name as a title."""
        return self.name.title()


@dataclass(frozen=True, slots=True)
class Strict:
    """A value that looks at what it is given, and compares in a way of its own."""

    text: str

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError("no text")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Strict) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())


@dataclass(frozen=True, slots=True)
class Nothing:
    """A value without fields."""


ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}),
    (("a", 1), {}),
    (("a",), {"count": 1, "parts": ("x",)}),
    (("a",), {"items": {"x": 1}, "note": "n"}),
    (("b", 0, (), {"y": 2}, "m"), {}),
]


@pytest.mark.parametrize(("args", "options"), ARGUMENTS)
def test_a_value_is_what_the_standard_decorator_makes(
    args: tuple[Any, ...], options: dict[str, Any]
) -> None:
    """Text, fields, dictionary, hash and properties are the standard ones."""
    ours, standard = Ours(*args, **options), Standard(*args, **options)
    assert repr(ours) == repr(standard).replace("Standard", "Ours")
    assert dataclasses.asdict(ours) == dataclasses.asdict(standard)
    assert dataclasses.astuple(ours) == dataclasses.astuple(standard)
    assert hash(ours) == hash(standard)
    assert ours.title == standard.title


def test_values_are_equal_as_the_standard_ones_are() -> None:
    """Two values are equal exactly when the standard decorator says so."""
    for one in ARGUMENTS:
        for other in ARGUMENTS:
            ours = Ours(*one[0], **one[1]) == Ours(*other[0], **other[1])
            standard = Standard(*one[0], **one[1]) == Standard(*other[0], **other[1])
            assert ours is standard
    stranger: object = Standard("a")
    assert Ours("a") != stranger


@pytest.mark.parametrize(
    ("args", "options"),
    [((), {}), (("a", 1, (), {}, "n", 6), {}), (("a",), {"other": 1}), (("a",), {"name": "b"})],
)
def test_wrong_arguments_are_refused(args: tuple[Any, ...], options: dict[str, Any]) -> None:
    """A call that the standard constructor refuses is refused, the first as well as the next."""
    for made in (Standard, Ours, Ours):
        with pytest.raises(TypeError):
            made(*args, **options)


def test_the_standard_tools_see_a_dataclass() -> None:
    """Fields, signature, match arguments and slots are the standard ones, and made only once."""
    assert dataclasses.is_dataclass(Ours)
    assert dataclasses.fields(Ours)[0] is dataclasses.fields(Ours)[0]
    ours, standard = dataclasses.fields(Ours), dataclasses.fields(Standard)
    for one, other in zip(ours, standard, strict=True):
        assert (one.name, one.default, one.default_factory, one.compare, one.repr) == (
            other.name,
            other.default,
            other.default_factory,
            other.compare,
            other.repr,
        )
    assert inspect.signature(Ours) == inspect.signature(Standard)
    assert Ours.__match_args__ == Standard.__match_args__
    assert Ours.__slots__ == Standard.__slots__
    assert Ours.__doc__ == "A value with a field of every kind."
    assert Ours.KIND == "value"


def test_values_cannot_be_changed() -> None:
    """No field can be set, added or deleted."""
    value = Ours("a")
    for name in ("name", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.name
    assert value == Ours("a")
    assert not hasattr(value, "__dict__")


def test_factories_are_called_for_each_value() -> None:
    """Two values never share what a factory made."""
    assert Ours("a").items is not Ours("a").items


def test_values_are_copied_and_pickled() -> None:
    """A copy by any way is an equal value of the same class."""
    value = Ours("a", 2, ("x",), {"y": 1}, "n")
    copies = [copy.copy(value), copy.deepcopy(value), *_pickled(value)]
    for each in copies:
        assert type(each) is Ours
        assert dataclasses.astuple(each) == dataclasses.astuple(value)


def _pickled(value: Any) -> list[Any]:
    protocols = range(2, pickle.HIGHEST_PROTOCOL + 1)
    return [pickle.loads(pickle.dumps(value, protocol)) for protocol in protocols]


def test_a_copy_has_other_values() -> None:
    """Our replace and the standard one give the same value."""
    value = Ours("a", 2, note="n")
    assert replace(value, count=3) == dataclasses.replace(value, count=3) == Ours("a", 3)
    assert replace(value, count=3).note == "n"
    with pytest.raises(TypeError):
        replace(value, other=1)  # type: ignore[call-arg]


def test_a_class_keeps_its_own_methods() -> None:
    """What the class itself defines is not replaced, and is called after the fields are set."""
    assert Strict("A") == Strict("a")
    assert len({Strict("A"), Strict("a")}) == 1
    with pytest.raises(ValueError, match="no text"):
        Strict("")


def test_values_match_patterns() -> None:
    """A pattern binds the fields in their order."""
    match Ours("a", 2):
        case Ours(name, count):
            assert (name, count) == ("a", 2)
        case _:
            pytest.fail("no match")


def test_a_value_may_have_no_fields() -> None:
    """All values of a class without fields are equal."""
    assert Nothing() == Nothing()
    assert repr(Nothing()) == "Nothing()"
    assert len({Nothing(), Nothing()}) == 1


def test_other_kinds_are_refused() -> None:
    """Nobody gets a frozen dataclass who asked for another, nor a constructor that lacks fields."""
    with pytest.raises(TypeError, match="not frozen"):
        values.dataclass(frozen=False, slots=True)
    with pytest.raises(TypeError, match="inherit"):

        @dataclass(frozen=True, slots=True)
        class _Child(Ours):
            more: int = 0


def test_threads_may_make_the_first_values() -> None:
    """The constructor is compiled at the first use, by however many threads at once."""
    for _ in range(50):

        @dataclass(frozen=True, slots=True)
        class Fresh:
            number: int
            text: str = "x"

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(Fresh, range(32)))
        assert made == [Fresh(number) for number in range(32)]


def test_an_import_needs_no_standard_dataclasses() -> None:
    """The library's values load neither `dataclasses` nor the `inspect` that it brings along."""
    code = "import sys, promptreg.prompt; print({'dataclasses', 'inspect'} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "set()"
