"""Turns the syntax tree into a program of closures; see `compiler.py` for how.

One module for each group of forms: `basics`, `operators`, `logic`, `loops`, `filters`, `calls`, `tests`.
"""
