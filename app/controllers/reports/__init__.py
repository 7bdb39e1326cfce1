"""Daily reports and business metrics."""
