    count({column}) AS {column}_n,
    avg({column}) AS {column}_mean,
    sum({column}) AS {column}_total,
    min({column}) AS {column}_min,
    max({column}) AS {column}_max,
    {quantiles} AS {column}_quantiles
