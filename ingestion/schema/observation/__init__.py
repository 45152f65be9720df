"""What the statements of a run do, measured: locks, rewrites, scans, rows, WAL, disk."""
