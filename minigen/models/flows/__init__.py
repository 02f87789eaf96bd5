"""Normalizing flows: invertible maps whose change of volume is known, and so the density of what they make.

bijection        what a map must tell, chains, squeezing, several scales
coupling         the affine coupling (lesson 19)
mixing           what stands between couplings: a swap, a learnt mixture, a normalisation
dequantisation   noise between grey levels, and the logit (lesson 20)
flow             the density, its bound for pixels, samples, the trainer
realnvp          which maps for which data, and the recipe
"""
