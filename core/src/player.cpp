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
constexpr int kSettleChunk = 64;  // samples of silence at a time
constexpr std::int64_t kMaxWaiting = 1 << 27;  // samples, of all channels

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
  if (port.at("rate").string() != "1")
    throw FileError("this version plays controls at the rate of the sound only; update it");
  return control;
}

// Samples that are no numbers are silence.
void copy_numbers(const float* from, float* to, int count) noexcept {
  for (int i = 0; i < count; ++i) to[i] = std::isfinite(from[i]) ? from[i] : 0.0f;
}

std::size_t bytes(std::int64_t samples) { return static_cast<std::size_t>(samples) * sizeof(float); }

}  // namespace

Player::Player(const ToneFile& file) : graph_(file) {
  const Json& header = file.header;
  sample_rate_ = static_cast<int>(header.at("sample_rate").integer(1000, 1000000));
  settle_ = static_cast<int>(header.at("settle").integer(0, kMaxSettle));
  block_ = static_cast<int>(std::lcm(std::int64_t{graph_.block()}, header.at("block").integer(1, Graph::kMaxBlock)));
  if (block_ > Graph::kMaxBlock) throw FileError("the file wants blocks that are too long");
  latency_ = static_cast<int>(header.at("latency").integer(0, kMaxSettle)) + held_back();
  for (const Json& port : header.at("ports").array()) controls_.push_back(read_control(port));
  read_inputs();
  for (const Control& control : controls_) {
    Ramp ramp;
    ramp.start = ramp.end = control.default_value;
    ramp.length = std::max(1, static_cast<int>(std::lround(control.smoothing_ms * sample_rate_ / 1000.0)));
    ramp.done = ramp.length;
    ramps_.push_back(ramp);
  }
}

// Which input of the graph is the sound, and which a control.
void Player::read_inputs() {
  bool heard = false;
  for (const std::string& name : graph_.inputs()) {
    const auto same = [&](const Control& control) { return control.name == name; };
    const auto found = std::find_if(controls_.begin(), controls_.end(), same);
    const int channels = graph_.input_channels(static_cast<int>(port_of_input_.size()));
    const bool sound = found == controls_.end();
    if (sound && name != "x") throw FileError("the graph of the file wants '" + name + "', which is no control");
    if (!sound && channels != 1) throw FileError("the control '" + name + "' of the file has more than one channel");
    if (sound && heard && channels != inputs_) throw FileError("the graph of the file hears one sound in two ways");
    if (sound) inputs_ = channels;
    heard = heard || sound;
    port_of_input_.push_back(sound ? -1 : static_cast<int>(found - controls_.begin()));
  }
  if (inputs_ > kMaxChannels || outputs() > kMaxChannels)
    throw FileError("the file hears " + std::to_string(inputs_) + " channels and makes " + std::to_string(outputs()) +
                    ", and this version plays up to " + std::to_string(kMaxChannels) + " of each; update it");
}

float Player::Ramp::next() noexcept {
  if (done < length) ++done;
  return static_cast<float>(start + (end - start) * done / length);
}

// Output samples by which a block that is not full yet holds the sound back.
int Player::held_back() const {
  return static_cast<int>(std::int64_t{block_ - 1} * graph_.up() / graph_.down());
}

void Player::Sound::prepare(int channels, std::size_t frames) {
  samples.assign(static_cast<std::size_t>(channels) * frames, 0.0f);
  rows.clear();
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) rows.push_back(samples.data() + c * frames);
}

void Player::prepare(int max_frames) {
  max_frames_ = std::max(max_frames, kSettleBlock);
  const int most = block_ == 1 ? max_frames_ : max_frames_ + block_;
  graph_.prepare(most);
  // What a block holds back, and what is made of all that waits; or only what silence makes, which nobody hears.
  const std::int64_t waiting = block_ == 1 ? std::min(kSettleChunk, max_frames_) : most + block_;
  const std::int64_t made = waiting * graph_.up() / graph_.down() + 1;
  if (made * outputs() + std::int64_t{most} * 3 * inputs_ > kMaxWaiting)
    throw FileError("the file holds back more sound than would fit into memory");
  const auto room = static_cast<std::size_t>(most);
  clean_.prepare(inputs_, static_cast<std::size_t>(max_frames_));
  silence_.prepare(inputs_, static_cast<std::size_t>(std::max(block_, kSettleChunk)));
  waiting_in_.prepare(inputs_, block_ == 1 ? 0 : room);
  waiting_out_.prepare(outputs(), static_cast<std::size_t>(made));
  ports_.prepare(static_cast<int>(port_of_input_.size()), room);
  given_.assign(static_cast<std::size_t>(max_frames_), 0.0f);
  made_.assign(static_cast<std::size_t>(outputs()), nullptr);
  heard_.clear();
  for (float*& row : ports_.rows) heard_.push_back(&row);
  reset();
}

void Player::reset() noexcept {
  const NoDenormals flush;
  graph_.reset();
  for (Ramp& ramp : ramps_) {
    ramp.start = ramp.end;
    ramp.done = ramp.length;
  }
  const int chunk = std::max(1, std::min(kSettleChunk, max_frames_) / block_) * block_;
  for (int left = (settle_ + block_ - 1) / block_ * block_; left > 0; left -= chunk)
    play(silence_.rows.data(), waiting_out_.rows.data(), 0, std::min(left, chunk));
  held_in_ = 0;
  held_out_ = held_back();
  std::fill(waiting_out_.samples.begin(), waiting_out_.samples.end(), 0.0f);
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
  if (inputs_ == 1 && outputs() == 1) process(&in, &out, frames);
}

void Player::process(const float* const* in, float* const* out, int frames) noexcept {
  const NoDenormals flush;
  std::int64_t start = 0;
  for (int at = 0; at < frames; at += max_frames_) {
    const int count = std::min(max_frames_, frames - at);
    clean(in, at, count);
    if (block_ == 1) {
      play(clean_.rows.data(), out, start, count);
      start += std::int64_t{count} * graph_.up();
    } else {
      start += play_blocks(out, start, count);
    }
  }
}

void Player::prime(const float* in, const float* given, int frames) noexcept {
  if (inputs_ == 1) prime(&in, given, frames);
}

void Player::prime(const float* const* in, const float* given, int frames) noexcept {
  if (!can_prime()) return;
  const NoDenormals flush;
  for (int at = 0; at < frames; at += max_frames_) {
    const int count = std::min(max_frames_, frames - at);
    clean(in, at, count);
    copy_numbers(given + at, given_.data(), count);
    listen(clean_.rows.data(), count);
    graph_.prime(heard_.data(), given_.data(), count);
  }
}

void Player::clean(const float* const* in, std::int64_t at, int frames) noexcept {
  for (std::size_t c = 0; c < clean_.rows.size(); ++c) copy_numbers(in[c] + at, clean_.rows[c], frames);
}

// Shows the graph where the sound is, and moves the controls.
void Player::listen(const float* const* in, int frames) noexcept {
  for (std::size_t i = 0; i < heard_.size(); ++i) {
    const int control = port_of_input_[i];
    if (control < 0) heard_[i] = in;
    if (control < 0) continue;
    for (int t = 0; t < frames; ++t) ports_.rows[i][t] = ramps_[static_cast<std::size_t>(control)].next();
  }
}

// A whole number of blocks, straight through the graph; what it makes begins at `start` of each row.
void Player::play(const float* const* in, float* const* out, std::int64_t start, int frames) noexcept {
  listen(in, frames);
  for (std::size_t c = 0; c < made_.size(); ++c) made_[c] = out[c] + start;
  graph_.process(heard_.data(), made_.data(), frames);
}

std::int64_t Player::due(int frames) const noexcept {
  const std::int64_t before = std::int64_t{held_in_} * graph_.up() / graph_.down();
  return (std::int64_t{held_in_} + frames) * graph_.up() / graph_.down() - before;
}

// Any number of clean frames: what does not fill a block waits, and what is ready is given out one block later. How
// many samples that were.
std::int64_t Player::play_blocks(float* const* out, std::int64_t start, int frames) noexcept {
  const std::int64_t due = this->due(frames);
  for (std::size_t c = 0; c < clean_.rows.size(); ++c)
    std::memcpy(waiting_in_.rows[c] + held_in_, clean_.rows[c], bytes(frames));
  held_in_ += frames;
  const int whole = held_in_ / block_ * block_;
  if (whole) {
    play(waiting_in_.rows.data(), waiting_out_.rows.data(), held_out_, whole);
    held_out_ += static_cast<int>(std::int64_t{whole} * graph_.up() / graph_.down());
    held_in_ -= whole;
    for (float* row : waiting_in_.rows) std::memmove(row, row + whole, bytes(held_in_));
  }
  held_out_ -= static_cast<int>(due);
  for (std::size_t c = 0; c < waiting_out_.rows.size(); ++c) {
    float* row = waiting_out_.rows[c];
    std::memcpy(out[c] + start, row, bytes(due));
    std::memmove(row, row + due, bytes(held_out_));
  }
  return due;
}

}  // namespace tonewright
