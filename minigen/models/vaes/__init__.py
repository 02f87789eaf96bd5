"""Models with an encoder and a bound on the likelihood: the variational autoencoder and its relatives.

vae           the bound, dense and convolutional networks, beta (lesson 6)
iwae          a tighter bound from several codes (lesson 8)
two_layers    codes of codes
conditional   told the class (lesson 12)
vqvae         codes that are words of a codebook
restoration   given a damaged image (lesson 13)
"""
