"""Sound files, read and written: WAV, FLAC, AIFF, OGG and MP3, at any rate, with any number of channels.

Long files go through in blocks, so that memory does not grow with them. A damaged file is refused, never
read short; a file that is being written appears under its name only when all of it is on the disk.

    info, read, blocks    reader.py, with headers.py for what a header promises
    write, Writer         writer.py, with encoders.py for what a format can hold and wav.py

>>> import tempfile
>>> import numpy as np
>>> with tempfile.TemporaryDirectory() as folder:
...     clipped = write(f"{folder}/loud.wav", np.full((2, 480), 1.5), 48000)
...     x, sample_rate = read(f"{folder}/loud.wav")
>>> x.shape, float(x.max()), sample_rate, clipped
((2, 480), 1.5, 48000, 0)
"""

from tonewright.audio.reader import SoundInfo, blocks, info, read
from tonewright.audio.writer import Writer, write

__all__ = ["SoundInfo", "Writer", "blocks", "info", "read", "write"]
