-- One row per group. {keys} are expressions over calls, {where} a condition.
SELECT
    {keys}
    count(*) AS calls,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    count(success) AS judged,
    count(CASE WHEN success THEN 1 END) AS succeeded,
    min(CASE WHEN cost IS NOT NULL THEN coalesce(currency, 'USD') END) AS currency,
    max(CASE WHEN cost IS NOT NULL THEN coalesce(currency, 'USD') END) AS other_currency,
    {figures}
FROM calls
WHERE {where}
{group_by}
{order_by}
