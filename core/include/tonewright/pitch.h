// The pitch of one voice, frame by frame, as it is heard: from a window around the frame, and from the frame before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tonewright {

// Where to look, and how often.
struct PitchRange {
  std::int64_t sample_rate = 16000, hop = 160;
  double lowest_hz = 60.0, highest_hz = 2000.0;
};
constexpr std::int64_t kPitchWindow = 4;  // hops of a window, of which two come after the frame

// What is wrong with a range, as a sentence, or nullptr: rates up to 384 kHz, hops of at least 16 samples and at most
// a fiftieth of a second, periods of at most half a window, pitches of at most 2.4 kHz and an eighth of the rate.
const char* wrong_with(const PitchRange& range) noexcept;

// What is remembered from frame to frame.
struct PitchTrack {
  double f0_hz, trust = 0.0, voiced = 0.0;
};
constexpr int kPitchNumbers = 3;

// Source: McLeod and Wyvill, "A smarter way to find pitch" (ICMC 2005), for the normalised square difference; both of
// its terms are tapered here, and small costs on low pitches and on jumps are after Boersma (IFA Proceedings 17, 1993).
class PitchTracker {
 public:
  // The range has nothing wrong with it. Allocates. [main thread]
  explicit PitchTracker(const PitchRange& range);
  ~PitchTracker();

  // Numbers in its tables and spectra, about.
  std::size_t size() const noexcept;

  // Of a window of 4 hop samples the pitch in its middle, which is left in the track, and how clearly it is periodic: 0
  // to 1, and 0 when there is no pitch, whose place the last one takes. [audio thread]
  double clarity(const double* window, PitchTrack& track) noexcept;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace tonewright
