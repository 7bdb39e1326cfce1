"""What comes in and what goes out, validated by Pydantic."""
