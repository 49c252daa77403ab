"""What it costs, beside others: ``python -m benchmarks``. README.md says how it is measured and what it showed."""
