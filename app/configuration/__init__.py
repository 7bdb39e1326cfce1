"""How the settings are read, judged and described; app/settings.py has their names."""
