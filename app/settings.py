"""The settings of the process, read once from the environment and `.env`."""

from app.configuration.fields import Zone
from app.configuration.loading import InvalidSettings, get_settings, setting_names
from app.configuration.model import Settings
from app.configuration.production import production_faults

__all__ = [
    "InvalidSettings",
    "Settings",
    "Zone",
    "get_settings",
    "production_faults",
    "setting_names",
]
