"""A REST connector for Camunda 8 / Zeebe as a small, fast job worker."""

__version__ = "0.1.0"
