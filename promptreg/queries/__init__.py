"""What only reads: lists, status, changelog, search, comparison."""
