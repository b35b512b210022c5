"""From DuckDB's SQL to Spark's, of which only a checked subset is let through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptreg.errors import MetricsError
from promptreg.storage.spark_subset import check_subset, check_written

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.dialects.dialect import Dialect

__all__ = ["bind", "translate", "translate_query"]


def translate(query: str, parameters: Sequence[Any] = (), tables: Collection[str] = ()) -> str:
    """Return a query on `calls` as Spark's SQL, whose parameters are named `p1`, `p2`, ...

    Args:
        query: DuckDB's SQL with `?` or `$1` for parameters.
        parameters: Their values, of which only the times matter here.
        tables: What else it may select from.

    Raises:
        MetricsError: It is no SQL, or outside the subset that means the same to both.
    """
    times = frozenset(n for n, value in enumerate(parameters, 1) if isinstance(value, datetime))
    return _translate(query, times, frozenset(tables))


def translate_query(query: str) -> str:
    """Return anybody's query as Spark's SQL, after a second look at what came out.

    Raises:
        MetricsError: It is more than one SELECT on `calls`.
    """
    from sqlglot.dialects.spark import Spark

    text = translate(query)
    # Whatever a translator might get wrong about quotes would show here.
    check_written(_parse(text, Spark()))
    return text


def bind(parameters: Sequence[Any]) -> Mapping[str, Any]:
    """Return parameters by the names that `translate` gave them.

    A time goes as text: Spark would take a `datetime` for one in the local time zone.
    """
    return {f"p{n}": _bound(value) for n, value in enumerate(parameters, 1)}


def _bound(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(" ")


@lru_cache(maxsize=512)
def _translate(query: str, times: frozenset[int], tables: frozenset[str]) -> str:
    from sqlglot.dialects.duckdb import DuckDB

    dialect = DuckDB()
    # Otherwise sqlglot counts some places in a list from 0, those whose type it can tell.
    dialect.INDEX_OFFSET = 0
    tree = _parse(_numbered(query), dialect)
    check_subset(tree, tables)
    # From the leaves up, because what is rewritten is copied into its parents.
    for node in reversed(list(tree.walk())):
        name = type(node).__name__
        if name == "Placeholder":
            node.replace(_parameter(node, times))
        elif name in _REWRITES:
            node.replace(_REWRITES[name](node))
    text: str = tree.sql("spark", comments=False)
    return text


def _numbered(query: str) -> str:
    """Return a query with a name for each `?`, because a translation may move them."""
    from sqlglot.dialects.duckdb import DuckDB
    from sqlglot.errors import SqlglotError
    from sqlglot.tokens import TokenType

    try:
        tokens = DuckDB().tokenize(query)
    except SqlglotError as error:
        raise _unread(error) from error
    pieces, end = [], 0
    marks = (token for token in tokens if token.token_type is TokenType.PLACEHOLDER)
    for number, token in enumerate(marks, 1):
        pieces += [query[end : token.start], f":p{number}"]
        end = token.end + 1
    return "".join([*pieces, query[end:]])


def _parse(query: str, dialect: Dialect) -> exp.Expression:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        trees = sqlglot.parse(query, read=dialect)
    except SqlglotError as error:
        raise _unread(error) from error
    if len(trees) != 1 or trees[0] is None:
        raise MetricsError("metrics query takes one SELECT statement")
    return trees[0]


def _unread(error: Exception) -> MetricsError:
    return MetricsError(f"the query failed: {str(error).strip().splitlines()[0][:300]}")


def _parameter(node: exp.Expression, times: frozenset[int]) -> exp.Expression:
    from sqlglot import exp

    number = int(node.name.removeprefix("p"))
    named = exp.Placeholder(this=f"p{number}")
    return exp.cast(named, exp.DataType.Type.TIMESTAMPNTZ) if number in times else named


def _finite(node: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    if node.name.upper() != "ISFINITE":
        return node
    # NaN is greater than everything to both.
    return exp.LT(this=exp.Abs(this=node.expressions[0].copy()), expression=_infinity())


def _truncated(node: exp.Expression) -> exp.Expression:
    """Return a naive time, where Spark's date_trunc gives one of a time zone."""
    from sqlglot import exp

    return exp.cast(node.copy(), exp.DataType.Type.TIMESTAMPNTZ)


def _percentile(node: exp.Expression) -> exp.Expression:
    """Return `quantile_cont` as Spark's exact, interpolated `percentile`."""
    from sqlglot import exp

    share = node.args.get("expression")
    if isinstance(node, exp.PercentileCont) and share is None:
        return node  # the standard form, see _within
    wanted = exp.Literal.number("0.5") if share is None else share.copy()
    return exp.Anonymous(this="PERCENTILE", expressions=[node.this.copy(), wanted])


def _within(node: exp.Expression) -> exp.Expression:
    """Return `percentile_cont(x) WITHIN GROUP`, of which sqlglot would make an approximation."""
    from sqlglot import exp

    terms = node.expression.expressions
    if not isinstance(node.this, exp.PercentileCont) or terms[0].args.get("desc"):
        raise MetricsError("WITHIN GROUP is for percentile_cont() upwards on Spark")
    share = node.this.this.copy()
    return exp.Anonymous(this="PERCENTILE", expressions=[terms[0].this.copy(), share])


def _element(node: exp.Expression) -> exp.Expression:
    """Return the value at a place or key, null where there is none; places count from 1."""
    from sqlglot import exp

    index = node.expressions[0].copy()
    # The one map is scores; a place in a list must be an INT to Spark.
    if node.this.name != "scores":
        index = exp.cast(index, exp.DataType.Type.INT)
    return exp.Anonymous(this="TRY_ELEMENT_AT", expressions=[node.this.copy(), index])


def _collected(node: exp.Expression) -> exp.Expression:
    """Return a list that keeps the nulls, which Spark's would leave out."""
    from sqlglot import exp

    boxed = exp.Anonymous(
        this="NAMED_STRUCT", expressions=[exp.Literal.string("v"), node.this.copy()]
    )
    unboxed = exp.Lambda(this=exp.column("v", table="s"), expressions=[exp.to_identifier("s")])
    collected = exp.Anonymous(this="COLLECT_LIST", expressions=[boxed])
    return exp.Transform(this=collected, expression=unboxed)


def _boundaries(node: exp.Expression) -> exp.Expression:
    """Return the number of boundaries between two times; Spark would count whole units."""
    from sqlglot import exp

    def start(time: exp.Expression) -> exp.Expression:
        return exp.TimestampTrunc(this=time.copy(), unit=node.args["unit"].copy())

    return exp.DateDiff(
        this=start(node.this), expression=start(node.expression), unit=node.args["unit"].copy()
    )


def _quotient(node: exp.Expression) -> exp.Expression:
    """Return a quotient that is infinite or NaN where the divisor is 0; Spark would fail."""
    from sqlglot import exp

    above = exp.cast(node.this.copy(), exp.DataType.Type.DOUBLE)
    below = node.expression
    return exp.Paren(
        this=exp.Case(
            ifs=[
                exp.If(
                    this=exp.EQ(this=below.copy(), expression=exp.Literal.number(0)),
                    true=exp.Mul(this=above, expression=_infinity()),
                )
            ],
            default=exp.Div(this=above.copy(), expression=below.copy()),
        )
    )


def _infinity() -> exp.Expression:
    from sqlglot import exp

    return exp.cast(exp.Literal.string("Infinity"), exp.DataType.Type.DOUBLE)


def _ordered(node: exp.Expression) -> exp.Expression:
    """Return ORDER BY ALL as the positions of the columns."""
    from sqlglot import exp

    query = node.parent
    if [term.this.name.upper() for term in node.expressions] != ["ALL"] or query is None:
        return node
    if not isinstance(query, exp.Query) or query.is_star:
        raise MetricsError("ORDER BY ALL needs the names of the columns for Spark")
    first = node.expressions[0]
    places = []
    for number in range(1, len(query.selects) + 1):
        term = first.copy()
        term.set("this", exp.Literal.number(number))
        places.append(term)
    return exp.Order(expressions=places)


_REWRITES = {
    "Anonymous": _finite,
    "ArrayAgg": _collected,
    "Bracket": _element,
    "DateDiff": _boundaries,
    "Div": _quotient,
    "Median": _percentile,
    "Order": _ordered,
    "PercentileCont": _percentile,
    "TimestampTrunc": _truncated,
    "WithinGroup": _within,
}
"""What stands for a construct in Spark where the same words would mean something else."""
