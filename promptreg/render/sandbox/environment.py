"""The environment in which templates are compiled and rendered."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from types import MethodType
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from promptreg.render.sandbox.budget import LimitError, emit, limited_range, spend, spending
from promptreg.render.sandbox.filters import allowed_filters
from promptreg.render.sandbox.lexing import QuietLexer
from promptreg.render.sandbox.operators import OPERATORS
from promptreg.render.sandbox.tree import assigned_names, check, with_budget
from promptreg.render.templating import TemplateFacts, TemplateFault, Use

__all__ = ["read_facts", "render_text"]

# Compiled code carries this as its file's name, followed by the fragment's path.
_FILE = "<promptreg>"
_LOOP_ATTRIBUTES = frozenset(
    {
        "changed",
        "cycle",
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    }
)
_FRAGMENTS: ContextVar[Mapping[str, str]] = ContextVar("promptreg_fragments")


def render_text(text: str, values: Mapping[str, Any], fragments: Mapping[str, str]) -> str:
    """Render one template text.

    Args:
        text: The template.
        values: The value of each variable, plain JSON values.
        fragments: The text of each included file by its path, transitively.

    Raises:
        TemplateFault: The template is not valid, meets an undefined name, reaches for something it
            may not, or exceeds its budget.
    """
    template = _compiled(text, None)
    token = _FRAGMENTS.set(fragments)
    try:
        with spending():
            return "".join(template.generate(dict(values)))
    except TemplateFault:
        raise
    except Exception as error:  # noqa: BLE001 - a template raises whatever its values raise
        raise _fault_of(error) from None
    finally:
        _FRAGMENTS.reset(token)


def read_facts(text: str) -> TemplateFacts:
    """Return what a template text asks for.

    Raises:
        TemplateFault: It is not valid, or reaches for something it may not.
    """
    environment = _environment()
    try:
        tree = environment.parse(text)
        outside = find_undeclared_variables(tree) - environment.globals.keys()
    except (TemplateSyntaxError, RecursionError, ValueError, AssertionError) as error:
        raise _fault_of(error) from None
    _compiled(text, None)
    variables: dict[str, int] = {}
    for name in sorted(tree.find_all(nodes.Name), key=lambda node: node.lineno):
        if name.name in outside:
            variables.setdefault(name.name, name.lineno)
    includes: dict[str, int] = {}
    for include in tree.find_all(nodes.Include):
        path = include.template.as_const()
        includes.setdefault(path, include.lineno)
    return TemplateFacts(_uses(variables), _uses(includes), assigned_names(tree))


def _uses(lines: Mapping[str, int]) -> tuple[Use, ...]:
    return tuple(Use(name, line) for name, line in lines.items())


@pass_context
def _finalize(context: Context, value: Any) -> str:
    # Taking the context keeps jinja2 from computing constants while it compiles.
    del context
    return emit(value)


class _Generator(CodeGenerator):
    """Writes the Python code of a template, such that compiling it says nothing on stderr."""

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - jinja2's name
        # Python warns of `1[1:2]` while it compiles; a template learns of it when it renders.
        if not isinstance(node.arg, nodes.Slice) or isinstance(node.node, nodes.Name):
            super().visit_Getitem(node, frame)
            return
        self.write("environment.itself(")
        self.visit(node.node, frame)
        self.write(")[")
        self.visit(node.arg, frame)
        self.write("]")


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox; one serves the whole process, because it holds nothing of a rendering."""

    code_generator_class = _Generator
    intercepted_binops = frozenset(OPERATORS)

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            # Constants computed while compiling would escape the budget.
            optimized=False,
            finalize=_finalize,
        )
        self._quiet_lexer = QuietLexer(self)
        self.globals = {"range": limited_range}
        self.filters = allowed_filters(self.filters)

    @property
    def lexer(self) -> QuietLexer:
        """The lexer, in place of the one that jinja2 shares between environments."""
        return self._quiet_lexer

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: Any = None,  # noqa: A002 - jinja2's own parameter
    ) -> Template:
        del parent, globals
        path, fragments = str(name), _FRAGMENTS.get({})
        if path not in fragments:
            raise TemplateFault(f"included file {path} does not exist", rule="include-missing")
        spend(1, len(fragments[path]))
        return _compiled(fragments[path], path)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        check(tree)
        return with_budget(tree)

    @staticmethod
    def itself(value: Any) -> Any:
        """Return a value, which compiled code subscripts; Python warns where it is a constant."""
        return value

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping | Undefined):
            return self.getitem(obj, attribute)
        named = attribute in getattr(type(obj), "_fields", ())  # a group of `groupby`
        if named or (isinstance(obj, LoopContext) and attribute in _LOOP_ATTRIBUTES):
            return getattr(obj, attribute)
        raise SecurityError(
            f"a template cannot reach the attribute {attribute!r} of a {type(obj).__name__}"
        )

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        return self.undefined(obj=obj, name=argument)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, MethodType):
            return isinstance(obj.__self__, LoopContext)
        return isinstance(obj, Macro | LoopContext) or obj is limited_range

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        del context
        return OPERATORS[operator](left, right)


@cache
def _environment() -> _Environment:
    return _Environment()


@lru_cache(maxsize=1024)
def _compiled(text: str, fragment: str | None) -> Template:
    environment = _environment()
    filename = f"{_FILE}{fragment or ''}"
    try:
        code = environment.compile(text, fragment, filename)
        return Template.from_code(environment, code, environment.globals)
    except TemplateFault as fault:
        fault.fragment = fragment
        raise
    except (
        SyntaxError,
        TemplateSyntaxError,
        RecursionError,
        ValueError,
        MemoryError,
        AssertionError,
    ) as error:
        wrong = _fault_of(error)
        wrong.fragment = fragment
        raise wrong from None


def _fault_of(error: Exception) -> TemplateFault:
    line, fragment = _place(error)
    match error:
        case TemplateSyntaxError():
            message, rule, line = error.message or "", "template-syntax", error.lineno
        case SyntaxError() | MemoryError() | RecursionError():
            message, rule = "the template is nested too deeply", "template-limit"
        case AssertionError():
            # A name that only a filter's arguments in `{% set x | filter(name) %}` use.
            message, rule = f"jinja2 cannot compile this: {error}", "template-syntax"
        case LimitError():
            message, rule = str(error), "template-limit"
        case SecurityError():
            message, rule = str(error), "template-unsafe"
        case UndefinedError():
            message = str(error)
            rule = "undeclared-variable" if message.endswith("is undefined") else "undefined-field"
        case _:
            said = str(error).splitlines() or [""]
            message, rule = f"{type(error).__name__}: {said[0][:200]}", "template-error"
    return TemplateFault(message.rstrip("."), rule=rule, line=line, fragment=fragment)


def _place(error: BaseException) -> tuple[int, str | None]:
    """Return the line and the fragment in which an error arose; jinja2 names them as frames."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = frame.f_code.co_filename
        if name.startswith(_FILE):
            return line, name.removeprefix(_FILE) or None
    return 0, None
