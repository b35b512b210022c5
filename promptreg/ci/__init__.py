"""What the GitHub action does, step by step: `python -P -m promptreg.ci STEP`.

Everything that escapes, writes GitHub's files or speaks with its API is here rather than in shell,
so that a hostile name of a prompt, variable or branch is only ever a value.
"""
