"""Every setting of the worker: `Settings` says what there is, `load` reads the environment.

Only `app.py` and the commands see a `Settings`; everything else gets the two or three values it needs.
"""

from worker.settings.loading import SettingsError, environment, load
from worker.settings.model import (
    HealthSettings,
    JobType,
    LogSettings,
    Settings,
    ZeebeSettings,
)

__all__ = [
    "HealthSettings",
    "JobType",
    "LogSettings",
    "Settings",
    "SettingsError",
    "ZeebeSettings",
    "environment",
    "load",
]
