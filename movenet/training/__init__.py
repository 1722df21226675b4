"""Training: configuration, the Lightning module, callbacks and what a run writes down about itself."""
