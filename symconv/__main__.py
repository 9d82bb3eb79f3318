"""Run the command line as `python -m symconv`."""

from symconv.cli import main

main()
