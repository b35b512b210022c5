"""`metrics query` on Spark: the same answers in the SQL that both know, and nothing but reading."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from promptreg.errors import MetricsError
from promptreg.metrics import Metrics
from tests.spark.same import differences

pytest.importorskip("sqlglot", reason="sqlglot is not installed")

from promptreg.storage.spark_sql import translate, translate_query
from promptreg.storage.spark_subset import CONSTRUCTS

FEW = "FROM calls WHERE prompt = 'router' AND version = '2.0.0'"
# One column each, so that all of them are one question to Spark.
EXPRESSIONS = [
    "count(*)",
    "count(DISTINCT unit) + 1 - 2 * 3",
    "count(*) FILTER (WHERE success)",
    "count(*) FILTER (success IS DISTINCT FROM false)",
    "count_if(success IS NOT DISTINCT FROM NULL)",
    "avg(input_tokens)",
    "sum(input_tokens)",
    "sum(cost) / count(cost)",
    "min(cost) / max(cost)",
    "1 / min(cost)",
    "-1 / (count(*) - count(*))",
    "0 / (count(*) - count(*))",
    "isfinite(1 / min(cost))",
    "sum(output_tokens) % 7",
    "quantile_cont(latency_ms, 0.5)",
    "quantile_cont(latency_ms, [0.05, 0.5, 0.95])",
    "quantile_cont(latency_ms, [0.05, 0.5])[2]",
    "quantile_cont(latency_ms, [0.05, 0.5])[3]",
    "list_sort(list(quality_score))[count(*) - 3]",
    "array_length(list_sort(list(quality_score)))",
    "percentile_cont(0.25) WITHIN GROUP (ORDER BY latency_ms)",
    "median(latency_ms)",
    "stddev_samp(cost)",
    "stddev_pop(cost)",
    "var_samp(cost)",
    "var_pop(cost)",
    "stddev(cost)",
    "variance(cost)",
    "covar_samp(cost, latency_ms)",
    "covar_pop(cost, latency_ms)",
    "corr(cost, latency_ms)",
    "bool_and(success)",
    "bool_or(success)",
    "date_trunc('week', min(ts))",
    "date_trunc('month', max(ts))",
    "date_diff('day', min(ts), max(ts))",
    "date_diff('hour', min(ts), max(ts))",
    "date_diff('week', min(ts), max(ts))",
    "max(year(ts)) + max(month(ts)) + max(day(ts)) + max(hour(ts)) + max(minute(ts))",
    "max(extract(hour FROM ts))",
    "min(ts) + INTERVAL 3 DAY",
    "CAST(min(ts) AS DATE)",
    "count(*) FILTER (ts < '2026-01-08')",
    "count(*) FILTER (ts >= TIMESTAMP '2026-01-08 12:00:00')",
    "coalesce(max(accuracy), -1.5)",
    "nullif(max(model), 'gpt-4o')",
    "greatest(min(latency_ms), 500, max(accuracy))",
    "least(min(latency_ms), max(accuracy))",
    "abs(-1.5) + ceil(1.2) + floor(-1.2) + sign(-3) + sqrt(2) + exp(1) + ln(3) + pow(2, 0.5)",
    "round(avg(latency_ms), 2)",
    "CAST(round(avg(latency_ms)) AS BIGINT)",
    "sum(CAST(success AS INT))",
    "upper(max(unit)) || lower(max(provider)) || trim('  x ')",
    "length(max(unit))",
    "concat(max(model), '-', NULL, 'x')",
    "count(*) FILTER (unit LIKE '%nik-1_')",
    "count(*) FILTER (unit ILIKE 'UŻYTKOWNIK-1%')",
    "count(*) FILTER (starts_with(unit, 'użyt') AND contains(unit, '-2'))",
    "count(*) FILTER (model IN ('gpt-4o', 'claude-über') AND NOT success)",
    "count(*) FILTER (input_tokens BETWEEN 100 AND 900)",
    "max(CASE WHEN cost > 0.01 THEN 'dear' ELSE 'cheap' END)",
    "max(if(success, 1, 0))",
    "sum(scores['tone'])",
    "max(scores['nothing'])",
    "max(metadata->>'$.n')",
    "max(metadata->>'$.Schlüssel')",
    "max(error_type)",
    "count(*) FILTER (metadata IS NULL OR cost <= 0.005 OR cost <> 0.01)",
    "count(*) FILTER (model LIKE '!%' ESCAPE '!')",
    "'it''s a \\ \"quoted\" `text` ${env:HOME} :p1 ? -- /* no comment'",
    "'\\'",
]
QUESTIONS = [
    f"SELECT model, count(*) AS n {FEW} GROUP BY ALL ORDER BY ALL",
    f"SELECT DISTINCT unit {FEW} ORDER BY unit DESC LIMIT 5 OFFSET 2",
    f"SELECT * EXCLUDE (metadata, ts) {FEW} ORDER BY ts LIMIT 3",
    f"""WITH c AS (SELECT model, avg(cost) AS m {FEW} GROUP BY model HAVING count(*) > 3),
    d AS (SELECT * FROM c) SELECT c.model, d.m FROM c LEFT JOIN d USING (model) ORDER BY 1, 2""",
    f"""SELECT ts, row_number() OVER (PARTITION BY model ORDER BY ts), lag(cost) OVER (ORDER BY ts),
    avg(cost) OVER (ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS a
    {FEW} ORDER BY ts LIMIT 20""",
    f"""SELECT e.key, avg(e.value) FROM (SELECT unnest(map_entries(scores)) AS e {FEW})
    GROUP BY e.key ORDER BY 1""",
    f"""SELECT ts, rank() OVER (ORDER BY model) AS a, dense_rank() OVER (ORDER BY model) AS b,
    lead(cost) OVER (ORDER BY ts) AS c, first_value(cost) OVER (ORDER BY ts) AS d,
    last_value(cost) OVER (ORDER BY ts) AS e, map_keys(scores) AS f {FEW} ORDER BY ts LIMIT 9""",
    "SELECT model FROM calls INTERSECT SELECT 'gpt-4o' EXCEPT SELECT 'x'",
    "SELECT version FROM calls WHERE prompt = 'router' UNION SELECT 'x' ORDER BY version",
    """SELECT prompt FROM calls AS o WHERE EXISTS (SELECT 1 FROM calls AS i
    WHERE i.prompt = o.prompt AND i.cost = 0) GROUP BY prompt ORDER BY prompt""",
    "SELECT a.v FROM (VALUES ('x', 1), ('y', NULL)) a(k, v) WHERE (a.k, 1) IN (('y', 1))",
]


def answers(metrics: Metrics, query: str) -> list[list[Any]]:
    """Return the rows of an answer; the names of nameless columns are the engine's own."""
    return [list(row) for row in metrics.query(query).rows]


def test_expressions_mean_the_same(duck: Metrics, spark: Metrics) -> None:
    """Every function and operator that is let through has the same value in both engines."""
    columns = ", ".join(f"{text} AS c{n}" for n, text in enumerate(EXPRESSIONS))
    (expected,) = answers(duck, f"SELECT {columns} {FEW}")
    (found,) = answers(spark, f"SELECT {columns} {FEW}")
    wrong = {
        text: (a, b)
        for text, a, b in zip(EXPRESSIONS, expected, found, strict=True)
        if differences(_plain(a), _plain(b))
    }
    assert wrong == {}


def _plain(value: Any) -> Any:
    """Return decimals and dates as what both engines can be compared by."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat().removesuffix("T00:00:00")
    return value


@pytest.mark.parametrize("query", QUESTIONS)
def test_queries_mean_the_same(duck: Metrics, spark: Metrics, query: str) -> None:
    """Groups, orders with nulls, windows, common tables and unions give the same rows."""
    expected = answers(duck, query)
    assert expected
    assert differences(expected, answers(spark, query)) == []


def test_every_function_was_compared() -> None:
    """Nothing is let through that no test compares."""
    import sqlglot

    queries = [f"SELECT {text} {FEW}" for text in EXPRESSIONS] + QUESTIONS
    trees = [sqlglot.parse_one(query, read="duckdb") for query in queries]
    seen = {type(node).__name__ for tree in trees for node in tree.walk()}
    # Parameters are tested below; approx_count_distinct is an estimate, another one for each.
    assert sorted(CONSTRUCTS - seen) == ["ApproxDistinct", "Placeholder"]


REFUSED = [
    "DROP VIEW calls",
    "INSERT INTO calls SELECT * FROM calls",
    "CREATE TABLE x AS SELECT 1",
    "SELECT 1; SELECT 2",
    "COPY calls TO '/tmp/x'",
    "ATTACH '/tmp/x'",
    "SET spark.sql.ansi.enabled = false",
    "SELECT * FROM other",
    "SELECT * FROM main.calls",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM parquet.`/etc/passwd`",
    'SELECT * FROM text."/etc/passwd"',
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM range(3)",
    "SELECT * FROM calls, LATERAL (SELECT 1)",
    "SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret), secret",
    "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a",
    "WITH a AS (SELECT * FROM a) SELECT * FROM a",
    "SELECT reflect('java.lang.System', 'getenv', 'HOME')",
    "SELECT java_method('java.lang.System', 'getProperty', 'user.dir')",
    "SELECT try_reflect('java.lang.System', 'getenv', 'HOME')",
    "SELECT some.udf(1) FROM calls",
    "SELECT input_file_name() FROM calls",
    "SELECT current_user()",
    "SELECT version()",
    "SELECT getenv('HOME')",
    "SELECT ?",
    "SELECT epoch(ts) FROM calls",
    "SELECT extract(dow FROM ts) FROM calls",
    "SELECT CAST(latency_ms AS INT) FROM calls",
    "SELECT CAST(cost AS VARCHAR) FROM calls",
    "SELECT regexp_matches(unit, 'a') FROM calls",
    "SELECT unnest([1, 2]), unnest([3]) FROM calls",
    "SELECT * FROM calls WHERE unit LIKE '50\\%'",
    "SELECT list(cost) FROM calls",
    "SELECT arg_max(unit, ts) FROM calls",
    "SELECT md5(unit) FROM calls",
    "SELECT * FROM calls TABLESAMPLE 10%",
    "PIVOT calls ON model USING count(*)",
    "DESCRIBE calls",
    "SELECT (",
    "SELECT 'open",
    "",
]


@pytest.mark.parametrize("query", REFUSED)
def test_nothing_else_is_let_through(query: str) -> None:
    """What writes, reads anything but `calls`, runs code or answers differently is refused."""
    with pytest.raises(MetricsError) as caught:
        translate_query(query)
    assert len(str(caught.value).splitlines()) == 1


def test_quotes_stay_quotes() -> None:
    """A text that would end early in Spark's way of quoting does not."""
    text = translate("SELECT '\\', ' UNION SELECT * FROM secret -- ' FROM calls")
    assert text == "SELECT '\\\\', ' UNION SELECT * FROM secret -- ' FROM calls"
    assert translate('SELECT "a`b" FROM calls') == "SELECT `a``b` FROM calls"


def test_parameters_keep_their_places(spark: Metrics) -> None:
    """A question mark in a text or a comment is none, and each parameter goes where it stood."""
    rows = spark.sql("SELECT '?', ? || ? /* ? */, count(*) FROM calls WHERE 'c' = ?", list("abc"))
    assert rows == [("?", "ab", 1320)]
    assert spark.sql("SELECT $2 || $1 || $2 FROM calls LIMIT 1", list("ab")) == [("bab",)]


def test_a_wrong_query_is_one_line(spark: Metrics) -> None:
    """An unknown column is Spark's to find; what it says is one line with its name."""
    with pytest.raises(MetricsError, match="nothing_like_it") as caught:
        spark.query("SELECT nothing_like_it FROM calls")
    assert len(str(caught.value).splitlines()) == 1
