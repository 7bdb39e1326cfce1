"""The export of products, and the import of what was exported, corrected or changed."""
