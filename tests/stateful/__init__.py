"""Proofs of the engine: whatever is said to it, in any order and by many at once."""
