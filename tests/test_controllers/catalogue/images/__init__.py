"""The images of products over HTTP."""
