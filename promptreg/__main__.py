"""Run promptreg as `python -m promptreg`."""

from promptreg.cli import main

main()
