"""Secrets: found in providers, put into a job's variables, and hidden in everything that leaves the worker."""

from worker.secrets.masking import MASK, Masker
from worker.secrets.provider import ChainedSecrets, SecretProvider, SecretScope
from worker.secrets.session import Secrets, SecretSession, SecretsUnavailable
from worker.secrets.syntax import may_refer, tree_may_refer

__all__ = [
    "MASK",
    "ChainedSecrets",
    "Masker",
    "SecretProvider",
    "SecretScope",
    "SecretSession",
    "Secrets",
    "SecretsUnavailable",
    "may_refer",
    "tree_may_refer",
]
