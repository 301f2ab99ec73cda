"""The server: models behind HTTP, with limits, batches and metrics."""
