"""python -m tonewright."""

from tonewright.cli import main

main()
