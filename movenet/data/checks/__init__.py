"""What may be wrong with an annotated set, found without looking at it picture by picture."""
