"""Stand-ins for pictures that are not embedded: a folder of faces, and the volumes of a brain."""

import gzip
import struct

import numpy as np

from minigen.data import brain, orl


def pgm(pixels):
    """Grey bytes (H, W) as a file."""
    return b"P5\n%d %d\n255\n" % pixels.shape[::-1] + pixels.tobytes()


def photograph(person, picture):
    """Bytes (112, 92): a bright disc before a dark ground, larger or smaller by the person, moved by the picture."""
    rows, columns = np.mgrid[: orl.HEIGHT, : orl.WIDTH]
    distance = np.hypot(rows - 62 - picture, columns - 40 - picture)
    noise = np.random.default_rng((person, picture)).integers(0, 20, (orl.HEIGHT, orl.WIDTH))
    return (40 + 120 * (distance < 20 + person / 2) + noise).astype(np.uint8)


def faces(place, name="s{}/{}.pgm", encode=pgm):
    """Write all 400 photographs into a folder, named by person and picture."""
    for person in range(1, orl.PEOPLE + 1):
        for picture in range(1, orl.PICTURES + 1):
            path = place / name.format(person, picture)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(photograph(person, picture)))
    return place


def nifti(volume, kind=2, scale=1.0, shift=0.0, magic=b"n+1\0", start=352.0):
    """A volume of bytes (X, Y, Z) as a file, not compressed."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, volume.ndim, *volume.shape, *[1] * (7 - volume.ndim))
    struct.pack_into("<h", head, 70, kind)
    struct.pack_into("<3f", head, 108, start, scale, shift)
    head[344:348] = magic
    return bytes(head) + volume.tobytes(order="F")


def scan(name):
    """A volume like the brain's: symmetric, and each map has its own pattern."""
    x, y, z = np.ogrid[: brain.SHAPE[0], : brain.SHAPE[1], : brain.SHAPE[2]]
    side = abs(x - brain.MIDLINE)  # mm from the midline
    inside = (side / 72) ** 2 + ((y - 117) / 90) ** 2 + ((z - 77) / 78) ** 2 < 1
    waves = (side * 3 + y * (2 + brain.MAPS.index(name)) + z * 5) % 100
    return (inside * (100 + waves)).astype(np.uint8)


def brains(place):
    """Write the three volumes into a folder."""
    place.mkdir(parents=True, exist_ok=True)
    for name, file in zip(brain.MAPS, brain.FILES, strict=True):
        (place / file).write_bytes(gzip.compress(nifti(scan(name)), 1))
    return place
