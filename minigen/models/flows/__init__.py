"""Normalizing flows: invertible maps whose change of volume is known, and so the density of what they make."""
