"""The reading, the checks and the descriptions of the settings; app/settings.py exports them."""
