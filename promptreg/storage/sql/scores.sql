-- One row per group and custom score.
SELECT
    {names}
    entry.key AS score,
    count(entry.value) AS n,
    avg(entry.value) AS mean,
    sum(entry.value) AS total,
    min(entry.value) AS least,
    max(entry.value) AS most,
    quantile_cont(entry.value, [0.5, 0.95]) AS quantiles
FROM (
    SELECT {keys} unnest(map_entries(scores)) AS entry
    FROM calls
    WHERE scores IS NOT NULL AND {where}
) AS entries
GROUP BY ALL
ORDER BY ALL
