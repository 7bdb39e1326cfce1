"""The import, the export and the change of many products."""
