"""Documents: references in variables, the stores behind them, functions over them."""
