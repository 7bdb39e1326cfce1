"""What the locks are made of: passwords, tokens, rate limits, and who a token was seen to be."""
