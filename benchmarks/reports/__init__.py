"""Reports of the whole data set and of a day with a million lines."""
