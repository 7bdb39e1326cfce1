"""Files: where they are stored, and how images are read and rendered."""
