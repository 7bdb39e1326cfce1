"""The rules of the house: how the code is cut, and whether the documents are true."""
