"""From a checkpoint to models that run without torch: `python -m export`. Needs the `export` extra."""
