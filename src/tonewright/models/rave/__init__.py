"""A timbre that any sound can wear: a variational autoencoder on sub-bands of raw audio.

Source: Caillon and Esling, "RAVE: A variational autoencoder for fast and high-quality neural audio synthesis", 2021.
"""
