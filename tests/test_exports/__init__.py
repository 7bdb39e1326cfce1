"""The export of products, and the import of exported, corrected and changed files."""
