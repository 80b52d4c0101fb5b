// A .tone file, ready to play: what a plugin, a program or the Python package holds.
#pragma once

#include <string>
#include <vector>

#include "tonewright/graph.h"
#include "tonewright/layer.h"
#include "tonewright/tone_file.h"

namespace tonewright {

// A knob: a straight line of smoothing_ms to where it was last turned, wherever blocks are cut.
struct Control {
  std::string name, unit;
  double minimum = 0.0, maximum = 1.0, default_value = 0.5, smoothing_ms = 20.0;
};

class Player final : public Layer {
 public:
  static constexpr int kMaxChannels = 64;  // that a file may hear, or make

  // FileError when the file is damaged or uses what this version cannot play. [main thread]
  explicit Player(const ToneFile& file);

  int sample_rate() const { return sample_rate_; }
  // Channels that it hears and makes: one of each, mostly, and then a sound of several takes as many players.
  int inputs() const { return inputs_; }
  int outputs() const { return graph_.output_channels(); }
  // Output samples by which the output trails the input; a block larger than one adds to the model's own.
  int latency() const { return latency_; }
  // Output samples for one input sample are up() / down().
  int up() const { return graph_.up(); }
  int down() const { return graph_.down(); }
  const std::vector<Control>& controls() const { return controls_; }

  void prepare(int max_frames) override;
  // As if silence had come before: the model's own start-up is played and thrown away.
  void reset() noexcept override;
  // How many samples the next `frames` will give: frames * up() / down(), where a slower model has a frame ready now
  // and then only. [audio thread]
  std::int64_t due(int frames) const noexcept;
  // Moves a control, smoothly; values beyond its range are brought into it. [audio thread]
  void set(int control, double value) noexcept;
  // The next `frames` samples of in[inputs()] to due(frames) samples of out[outputs()]; any number of them.
  // A sample that is no number is heard as silence. Never allocates, locks, throws or prints. [audio thread]
  void process(const float* const* in, float* const* out, int frames) noexcept;
  // The same for a file of one channel. Does nothing unless inputs() and outputs() are 1. [audio thread]
  void process(const float* in, float* out, int frames) noexcept;
  // Whether it may be primed: its output is one channel, and what a loop made last.
  bool can_prime() const { return block_ == 1 && graph_.can_prime(); }
  // As process(), but the loop hears `given` as its own last outputs instead of what it makes, so that it goes on from
  // there: for an effect whose phase is hidden, or which is to start in the middle. A sample that is no number counts
  // as 0. Does nothing unless can_prime(). [audio thread]
  void prime(const float* const* in, const float* given, int frames) noexcept;
  // The same for a file that hears one channel. Does nothing unless inputs() is 1. [audio thread]
  void prime(const float* in, const float* given, int frames) noexcept;

 private:
  struct Ramp {
    double start = 0.0, end = 0.0;
    int done = 0, length = 1;
    float next() noexcept;
  };

  // Channels of so many samples, one after another, and where each begins.
  struct Sound {
    std::vector<float> samples;
    std::vector<float*> rows;
    void prepare(int channels, std::size_t frames);
  };

  void read_inputs();
  int held_back() const;
  void clean(const float* const* in, std::int64_t at, int frames) noexcept;
  void listen(const float* const* in, int frames) noexcept;
  void play(const float* const* in, float* const* out, std::int64_t start, int frames) noexcept;
  std::int64_t play_blocks(float* const* out, std::int64_t start, int frames) noexcept;

  Graph graph_;
  int sample_rate_ = 0, latency_ = 0, settle_ = 0, block_ = 1, max_frames_ = 0, inputs_ = 1;
  std::vector<Control> controls_;
  std::vector<Ramp> ramps_;
  std::vector<int> port_of_input_;  // -1 for x, else the control
  Sound clean_, silence_, waiting_in_, waiting_out_, ports_;
  std::vector<float> given_;
  std::vector<const float* const*> heard_;  // the rows of each input of the graph
  std::vector<float*> made_;                // where the graph writes
  int held_in_ = 0, held_out_ = 0;
};

}  // namespace tonewright
