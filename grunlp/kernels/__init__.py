"""Fast recurrence kernels; the choice between them and PyTorch's is made here and is not visible outside `modules`."""
