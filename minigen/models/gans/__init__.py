"""Models that are trained by a game of two players: the generative adversarial network and its relatives.

gan               the game, its trainer, and the recipes of gan and dcgan (lessons 9 and 10)
losses            what the players minimise (lessons 9 and 11)
penalties         what keeps the discriminator from becoming too steep (lesson 11)
packing           several examples at once
networks          dense, DCGAN, and the choice between them
variants          papers that are a choice of these: wgan-gp, sn-gan
style             a generator shaped by styles (lesson 12), in style_generator
unrolled          a generator that looks ahead (lesson 9)
vaegan            a GAN with an encoder (lesson 12)
coded             generators that are given a class and numbers besides noise
conditional, acgan, infogan, shear    kinds of them (lesson 12)
"""
