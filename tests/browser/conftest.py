"""The worker and the shop of the templates' tests."""

from tests.templates.conftest import shop, worker, zeebe

__all__ = ["shop", "worker", "zeebe"]
