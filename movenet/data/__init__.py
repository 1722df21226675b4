"""Readers, crops, augmentation and training targets."""
