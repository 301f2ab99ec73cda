"""Classification of texts and time series."""
