"""The SQL that means the same to DuckDB and to Spark; everything else is refused.

A construct is listed here when a test has compared the answers of both. What is left out either
has no counterpart, or has one that answers differently: `epoch` truncates, casts to text and to
integers round in other ways, regular expressions are of two kinds, arg_max passes over nulls or
does not, hashes and samples differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from promptreg.errors import MetricsError
from promptreg.metrics.columns import COLUMNS, Kind

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["CONSTRUCTS", "check_subset", "check_written"]

_SYNTAX = """
Alias Between Boolean Bracket CTE Column DPipe DataType Distinct EQ Escape Except Filter From GT GTE
Group Having ILike Identifier In Intersect Interval Is JSONPath JSONPathKey JSONPathRoot Join LT LTE
Like Limit Literal NEQ Neg Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Paren Placeholder
Select Star Subquery Table TableAlias Tuple Union Values Var Where Window WindowSpec With
WithinGroup
Add Div Mod Mul Sub
"""

# sqlglot's names: QUANTILE_CONT is PercentileCont, UNNEST is Explode, DATE_TRUNC TimestampTrunc.
_FUNCTIONS = """
Abs And ApproxDistinct Array Avg Case Cast Ceil Coalesce Concat Contains Corr Count CountIf
CovarPop CovarSamp DateDiff DenseRank Exists Exp Explode Extract FirstValue Floor
Greatest Hour If JSONExtractScalar Lag LastValue Lead Least Length Ln Lower MapKeys
Max Median Min Month Nullif PercentileCont Pow Rank Round RowNumber Sign Sqrt StartsWith Stddev
StddevPop StddevSamp Sum TimestampTrunc Trim Upper Variance VariancePop Year
LogicalAnd LogicalOr Day Minute ArrayAgg ArraySize ArraySort
"""
_NAMED = frozenset({"ISFINITE", "MAP_ENTRIES"})
# What a translation writes besides.
_WRITTEN = frozenset("Dot Lambda PropertyEQ Quantile Struct Transform TryCast TsOrDsToDate".split())  # noqa: SIM905
_WRITTEN_NAMED = frozenset({"COLLECT_LIST", "NAMED_STRUCT", "PERCENTILE", "TRY_ELEMENT_AT"})
CONSTRUCTS = frozenset(_SYNTAX.split()) | frozenset(_FUNCTIONS.split())
"""Names of sqlglot's classes."""

_TYPES = frozenset(
    "BIGINT BOOLEAN DATE DOUBLE INT TIMESTAMP TIMESTAMPNTZ".split()  # noqa: SIM905 - reads better
)
_WHOLE = frozenset({"BIGINT", "INT"})
_WHOLE_COLUMNS = frozenset(c.name for c in COLUMNS if c.kind in (Kind.COUNT, Kind.FLAG))
_ROUNDED = frozenset({"Boolean", "Ceil", "Count", "Floor", "Not", "Round"})
_FIX = "PROMPTREG_ENGINE=duckdb asks DuckDB, which knows it"


def check_subset(tree: exp.Expression, tables: Collection[str] = ()) -> None:
    """Refuse what the two engines would answer differently, and all but reading `calls`.

    Args:
        tree: One statement, read as DuckDB's.
        tables: What else it may select from.

    Raises:
        MetricsError: It is not one SELECT on `calls`, or uses something else.
    """
    _check_query(tree)
    for node in tree.walk():
        name = type(node).__name__
        known = node.name.upper() in _NAMED if name == "Anonymous" else name in CONSTRUCTS
        if not known:
            raise MetricsError(f"{_shown(node)} does not mean the same to Spark", fix=_FIX)
        wrong = _table(node, tables) if name == "Table" else ""
        if name in _RULES:
            wrong = _RULES[name](node)
        if wrong:
            raise MetricsError(wrong, fix=_FIX)


def check_written(tree: exp.Expression) -> None:
    """Refuse a translation that reads or calls anything which the query did not.

    Args:
        tree: One statement, read as Spark's.

    Raises:
        MetricsError: It is not one SELECT on `calls`, or calls an unknown function.
    """
    _check_query(tree)
    for node in tree.walk():
        name = type(node).__name__
        known = name in CONSTRUCTS or name in _WRITTEN
        if name == "Anonymous":
            known = node.name.upper() in _NAMED | _WRITTEN_NAMED
        if not known or (name == "Table" and _table(node)):
            raise MetricsError(f"{_shown(node)} has no safe form for Spark", fix=_FIX)


def _check_query(tree: exp.Expression) -> None:
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise MetricsError(
            "metrics query takes one SELECT statement",
            fix='promptreg metrics query "SELECT version, count(*) FROM calls GROUP BY ALL"',
        )


def _shown(node: exp.Expression) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        return f"{name.lower()}()"
    text = node.sql("duckdb").replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - fits a line


def _table(node: exp.Expression, tables: Collection[str] = ()) -> str:
    """Tell what is wrong with a relation: only `calls` and the query's own tables are read."""
    from sqlglot import exp

    if not isinstance(node.this, exp.Identifier) or node.args.get("db"):
        return "a query reads the view calls and no files"
    name = node.name.lower()
    if name not in {"calls", *tables} and name not in _visible(node):
        return f"there is no {node.name}: a query reads the view calls"
    return ""


def _visible(node: exp.Expression) -> Iterator[str]:
    """Yield the common tables that a relation may mean, as SQL resolves them."""
    from sqlglot import exp

    below, above = node, node.parent
    while above is not None:
        if isinstance(above, exp.With):
            # A common table sees those before it, and itself only when it is recursive.
            for table in above.expressions:
                if table is below:
                    break
                yield table.alias.lower()
            # The query that carries this list must not offer the later ones as well.
            below, above = above, above.parent
        elif (tables := above.args.get("with_")) is not None:
            yield from (table.alias.lower() for table in tables.expressions)
        if above is not None:
            below, above = above, above.parent


def _cast(node: exp.Expression) -> str:
    kind = node.args["to"].this.name
    if kind not in _TYPES:
        return f"a cast to {kind.lower()} does not mean the same to Spark"
    operand = node.this.unnest()
    if kind in _WHOLE and type(operand).__name__ not in _ROUNDED:
        is_whole = operand.name in _WHOLE_COLUMNS or operand.is_int
        return "" if is_whole else f"a cast to {kind.lower()} needs round() or floor() for Spark"
    return ""


def _like(node: exp.Expression) -> str:
    # To Spark a backslash escapes by default, to DuckDB it stands for itself.
    pattern = node.args["expression"]
    if not pattern.is_string or "\\" in pattern.name:
        return "a pattern with a backslash does not mean the same to Spark"
    return ""


def _extract(node: exp.Expression) -> str:
    # Days of the week begin elsewhere, seconds have fractions.
    known = node.name.upper() in {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE"}
    return "" if known else f"extract({node.name.lower()}) does not mean the same to Spark"


def _explode(node: exp.Expression) -> str:
    from sqlglot import exp

    select = node.find_ancestor(exp.Select)
    is_column = select is not None and any(
        node is column.unalias() for column in select.expressions
    )
    # Two of them side by side are a cross product to Spark.
    if not is_column or sum(isinstance(c.unalias(), exp.Explode) for c in select.expressions) > 1:
        return "unnest() stands alone among the columns of a SELECT for Spark"
    return ""


def _list(node: exp.Expression) -> str:
    # The order of a list that nobody sorted is chance.
    is_sorted = type(node.parent).__name__ == "ArraySort" and node.this.key != "order"
    return "" if is_sorted else "list() needs list_sort() around it for Spark"


_RULES = {
    "ArrayAgg": _list,
    "Cast": _cast,
    "Explode": _explode,
    "Extract": _extract,
    "ILike": _like,
    "Like": _like,
}
