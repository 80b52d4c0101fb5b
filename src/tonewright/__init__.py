"""tonewright learns the sound of a device, an effect or an instrument from recordings, and plays it live.

import tonewright as tw

amp = tw.capture("dry.wav", "wet.wav", minutes=5)   # learn
amp.save("amp.tone")
chain = tw.match("dry.wav", "wet.wav", "eq,compressor")   # or find settings
amp = tw.load("amp.tone")
y = amp.render(x)                                   # play a whole sound
stream = amp.stream()                               # or play it live
y = stream.process(block)

violin = tw.instrument("recordings/", minutes=30)   # an instrument
y = tw.play(violin, tw.listen(violin, "singing.wav"))   # play it by a melody,
y = tw.play(violin, tw.Phrase(f0_hz, loudness_db))   # or by frames of pitch and loudness

drums = tw.timbre("drums/", minutes=240)            # a timbre
y = drums.render(x, latent_0=1.5)                   # any sound in it,
z = tw.encode(drums, x)                             # or what it hears
y = tw.decode(drums, z)                             # and what it plays upon that
"""

__version__ = "0.1.0"

_WHERE = {
    "capture": "tonewright.training.capture",
    "match": "tonewright.training.match",
    "instrument": "tonewright.training.instrument",
    "timbre": "tonewright.training.timbre",
    "load": "tonewright.export.opening",
    "listen": "tonewright.runtime.perform",
    "perform": "tonewright.runtime.perform",
    "play": "tonewright.runtime.instrument",
    "Phrase": "tonewright.runtime.phrase",
    "encode": "tonewright.runtime.timbre",
    "decode": "tonewright.runtime.timbre",
}


def __getattr__(name: str):
    # torch takes seconds to import, so it waits until something needs it
    if name in _WHERE:
        import importlib

        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'tonewright' has no attribute '{name}'")


def __dir__():
    return [*globals(), *_WHERE]
