"""Tables of time series: detection of their layout, and reading of their times and numbers."""
