"""Diffusion and flow matching: from noise to data, a little at a time.

noise            how an example turns to noise: the schedules (lesson 21)
time_features    time and class as a vector
networks         the U-Net, and the dense network of points
denoiser         what both share: guidance, the averaged weights, the trainer
ddpm             denoising diffusion, its samplers and its bound (lesson 21)
flow_matching    velocities, optimal pairs, Euler and Heun (lesson 22)
"""
