"""Training and applying models with Lightning."""
