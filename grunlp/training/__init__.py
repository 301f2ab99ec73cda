"""Trainer, callbacks, checkpoints, distributed training and resumable data modules."""
