#include "tonewright/player.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "denormals.h"

namespace tonewright {

namespace {

constexpr std::int64_t kMaxSettle = 1 << 24;
constexpr int kSettleBlock = 16;

Control read_control(const Json& port) {
  Control control;
  control.name = port.at("name").string();
  control.unit = port.at("unit").string();
  control.minimum = port.at("minimum").number();
  control.maximum = port.at("maximum").number();
  control.default_value = port.at("default").number();
  control.smoothing_ms = port.at("smoothing_ms").number();
  if (!(control.minimum <= control.default_value && control.default_value <= control.maximum) ||
      !(control.smoothing_ms >= 0.0 && control.smoothing_ms <= 60000.0))
    throw FileError("a control of the file has an impossible range");
  if (port.at("rate").string() != "1") throw FileError("this version plays controls at the rate of the sound only; update it");
  return control;
}

// Samples that are no numbers are silence.
void copy_numbers(const float* from, std::vector<float>& to, int count) noexcept {
  for (int i = 0; i < count; ++i) to[static_cast<std::size_t>(i)] = std::isfinite(from[i]) ? from[i] : 0.0f;
}

}  // namespace

Player::Player(const ToneFile& file) : graph_(file) {
  const Json& header = file.header;
  sample_rate_ = static_cast<int>(header.at("sample_rate").integer(1000, 1000000));
  settle_ = static_cast<int>(header.at("settle").integer(0, kMaxSettle));
  block_ = static_cast<int>(std::lcm(std::int64_t{graph_.block()}, header.at("block").integer(1, Graph::kMaxBlock)));
  if (block_ > Graph::kMaxBlock) throw FileError("the file wants blocks that are too long");
  latency_ = static_cast<int>(header.at("latency").integer(0, kMaxSettle)) + (block_ - 1) * graph_.up() / graph_.down();
  for (const Json& port : header.at("ports").array()) controls_.push_back(read_control(port));
  if (graph_.output_channels() != 1) throw FileError("this version plays models of one channel only; update it");
  for (const std::string& name : graph_.inputs()) {
    const auto same = [&](const Control& control) { return control.name == name; };
    const auto found = std::find_if(controls_.begin(), controls_.end(), same);
    if (found == controls_.end() && name != "x") throw FileError("the graph of the file wants '" + name + "', which is no control");
    port_of_input_.push_back(found == controls_.end() ? -1 : static_cast<int>(found - controls_.begin()));
    if (graph_.input_channels(static_cast<int>(port_of_input_.size()) - 1) != 1)
      throw FileError("this version plays models of one channel only; update it");
  }
  for (const Control& control : controls_) {
    Ramp ramp;
    ramp.start = ramp.end = control.default_value;
    ramp.length = std::max(1, static_cast<int>(std::lround(control.smoothing_ms * sample_rate_ / 1000.0)));
    ramp.done = ramp.length;
    ramps_.push_back(ramp);
  }
}

float Player::Ramp::next() noexcept {
  if (done < length) ++done;
  return static_cast<float>(start + (end - start) * done / length);
}

void Player::prepare(int max_frames) {
  max_frames_ = std::max(max_frames, kSettleBlock);
  const auto most = static_cast<std::size_t>(block_ == 1 ? max_frames_ : max_frames_ + block_);
  const auto made = (most + static_cast<std::size_t>(block_)) * static_cast<std::size_t>(graph_.up()) /
                    static_cast<std::size_t>(graph_.down());
  graph_.prepare(static_cast<int>(most));
  clean_.assign(most, 0.0f);
  given_.assign(most, 0.0f);
  silence_.assign(most, 0.0f);
  waiting_in_.assign(most, 0.0f);
  waiting_out_.assign(2 * made + most, 0.0f);
  port_rows_.assign(port_of_input_.size(), std::vector<float>(most, 0.0f));
  rows_.assign(port_of_input_.size(), nullptr);
  row_lists_.assign(port_of_input_.size(), nullptr);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    rows_[i] = port_rows_[i].data();
    row_lists_[i] = &rows_[i];
  }
  reset();
}

void Player::reset() noexcept {
  const NoDenormals flush;
  graph_.reset();
  for (Ramp& ramp : ramps_) {
    ramp.start = ramp.end;
    ramp.done = ramp.length;
  }
  const int chunk = std::max(1, std::min(64, max_frames_) / block_) * block_;
  for (int left = (settle_ + block_ - 1) / block_ * block_; left > 0; left -= chunk)
    play(silence_.data(), waiting_out_.data(), std::min(left, chunk));
  held_in_ = 0;
  held_out_ = (block_ - 1) * graph_.up() / graph_.down();
  std::fill(waiting_out_.begin(), waiting_out_.end(), 0.0f);
}

void Player::set(int control, double value) noexcept {
  const Control& range = controls_[static_cast<std::size_t>(control)];
  Ramp& ramp = ramps_[static_cast<std::size_t>(control)];
  if (!(value == value)) return;
  ramp.start += (ramp.end - ramp.start) * ramp.done / ramp.length;
  ramp.end = std::min(std::max(value, range.minimum), range.maximum);
  ramp.done = 0;
}

void Player::process(const float* in, float* out, int frames) noexcept {
  const NoDenormals flush;
  for (int at = 0; at < frames; at += max_frames_) {
    const int count = std::min(max_frames_, frames - at);
    copy_numbers(in + at, clean_, count);
    if (block_ == 1)
      play(clean_.data(), out + static_cast<std::ptrdiff_t>(at) * graph_.up(), count);
    else
      play_blocks(clean_.data(), out + static_cast<std::int64_t>(at) * graph_.up() / graph_.down(), count);
  }
}

void Player::prime(const float* in, const float* given, int frames) noexcept {
  if (!can_prime()) return;
  const NoDenormals flush;
  for (int at = 0; at < frames; at += max_frames_) {
    const int count = std::min(max_frames_, frames - at);
    copy_numbers(in + at, clean_, count);
    copy_numbers(given + at, given_, count);
    listen(clean_.data(), count);
    graph_.prime(row_lists_.data(), given_.data(), count);
  }
}

// Puts the sound and the controls where the graph reads them.
void Player::listen(const float* in, int frames) noexcept {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const int control = port_of_input_[i];
    float* row = port_rows_[i].data();
    if (control < 0)
      std::memcpy(row, in, static_cast<std::size_t>(frames) * sizeof(float));
    else
      for (int t = 0; t < frames; ++t) row[t] = ramps_[static_cast<std::size_t>(control)].next();
  }
}

// A whole number of blocks, straight through the graph.
void Player::play(const float* in, float* out, int frames) noexcept {
  listen(in, frames);
  float* outs[1] = {out};
  graph_.process(row_lists_.data(), outs, frames);
}

// Any number of frames: what does not fill a block waits, and what is ready is given out one block later.
void Player::play_blocks(const float* in, float* out, int frames) noexcept {
  const std::int64_t before = std::int64_t{held_in_} * graph_.up() / graph_.down();
  const std::int64_t due = std::int64_t{held_in_ + frames} * graph_.up() / graph_.down() - before;
  std::memcpy(waiting_in_.data() + held_in_, in, static_cast<std::size_t>(frames) * sizeof(float));
  held_in_ += frames;
  const int whole = held_in_ / block_ * block_;
  if (whole) {
    play(waiting_in_.data(), waiting_out_.data() + held_out_, whole);
    held_out_ += static_cast<int>(std::int64_t{whole} * graph_.up() / graph_.down());
    held_in_ -= whole;
    std::memmove(waiting_in_.data(), waiting_in_.data() + whole, static_cast<std::size_t>(held_in_) * sizeof(float));
  }
  const auto give = static_cast<std::size_t>(due);
  std::memcpy(out, waiting_out_.data(), give * sizeof(float));
  held_out_ -= static_cast<int>(due);
  std::memmove(waiting_out_.data(), waiting_out_.data() + give, static_cast<std::size_t>(held_out_) * sizeof(float));
}

}  // namespace tonewright
