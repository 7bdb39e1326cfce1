"""The settings of the process, read once from the environment and `.env`."""

from app.settings.fields import Zone
from app.settings.loading import InvalidSettings, get_settings, setting_names
from app.settings.model import Settings
from app.settings.production import production_faults

__all__ = [
    "InvalidSettings",
    "Settings",
    "Zone",
    "get_settings",
    "production_faults",
    "setting_names",
]
