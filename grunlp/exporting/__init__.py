"""Export of trained models as ONNX or torch.export graphs with a standalone script."""
