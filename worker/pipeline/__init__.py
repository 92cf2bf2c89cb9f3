"""What happens to one job between the engine and the engine; `pipeline.py` tells it, the rest are its steps."""

from worker.pipeline.pipeline import Pipeline

__all__ = ["Pipeline"]
