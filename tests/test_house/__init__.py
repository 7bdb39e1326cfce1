"""The house rules: the structure of the code, and the correctness of the documents."""
