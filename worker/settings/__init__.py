"""Every setting of the worker: `Settings` says what there is, `load` reads the environment.

Only `app.py` and the commands see a `Settings`; everything else gets the two or three values it needs.
"""

from worker.settings.engine import HealthSettings, LogSettings, ZeebeSettings
from worker.settings.jobs import DocumentsSettings, FeelSettings, HttpSettings, SecretsSettings
from worker.settings.loading import SettingsError, environment, load
from worker.settings.model import COMPATIBLE_VARIABLES, JobType, Settings
from worker.settings.network import HostsSettings, TlsSettings

__all__ = [
    "COMPATIBLE_VARIABLES",
    "DocumentsSettings",
    "FeelSettings",
    "HealthSettings",
    "HostsSettings",
    "HttpSettings",
    "JobType",
    "LogSettings",
    "SecretsSettings",
    "Settings",
    "SettingsError",
    "TlsSettings",
    "ZeebeSettings",
    "environment",
    "load",
]
