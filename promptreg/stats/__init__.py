"""Statistics that hold: pure functions over sufficient statistics, standard library only.

::

    distributions   normal, t, chi-squared, binomial
    samples         sufficient statistics of rows
    kernel          the comparison of two means
    proportions     comparisons of pass/fail counts
    effects         estimate, one-sided p and interval of a change
    means, shares   changes of means, of the p95 and of shares
    evidence        from the samples of a metric to the effect that judges it
    limits          one version against an absolute limit
    metrics         kinds, directions and scales of metrics
    thresholds      the grammar of allowed changes
    gate            three-way verdicts on a change
    sequential      tests that allow looking at the data while it grows
    abtest          winners among two or more arms
    power           how many samples a question needs
"""
