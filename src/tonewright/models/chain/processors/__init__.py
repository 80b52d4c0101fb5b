"""All processors there are, by the word that people name them by."""

from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors import dynamics, filters, level, modulation, shapers, space, stereo

PROCESSORS: dict[str, type[Processor]] = {
    made.kind: made
    for made in (
        *(level.Gain, level.Polarity, level.Offset, level.DcBlocker, level.Delay),
        *(filters.HighPass, filters.LowPass, filters.LowShelf, filters.HighShelf, filters.Peak, filters.Eq),
        *(shapers.Tanh, shapers.Clip, shapers.Asymmetric, shapers.Curve),
        *(dynamics.Compressor, dynamics.Limiter, dynamics.Expander, dynamics.Gate),
        *(
            modulation.Tremolo,
            modulation.OpticalTremolo,
            modulation.Chorus,
            modulation.Flanger,
            modulation.Phaser,
        ),
        *(space.Echo, space.Response, space.Room, space.Hall),
        *(stereo.Pan, stereo.Width),
    )
}
