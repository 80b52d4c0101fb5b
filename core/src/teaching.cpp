#include "tonewright/teaching.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "kernels.h"
#include "teaching_state.h"

namespace tonewright {

namespace teaching {

const Kernels* kernels_of(int width) noexcept {
  if (width == 0) width = kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kTeaching16;
  if (width == 8) return &kTeaching8;
#endif
  return &kTeaching4;
}

namespace {

// Takes rows one after another; with `rows` nullptr it only counts.
class Rows {
 public:
  explicit Rows(float* rows) : rows_(rows), taken_(kMargin) {}

  Sound take(int channels, int length) {
    Sound sound;
    sound.channels = channels;
    sound.length = length;
    std::size_t stride = static_cast<std::size_t>(length) + kMargin;
    stride += (kApart + kPage - stride % kPage) % kPage;
    sound.stride = static_cast<std::ptrdiff_t>(stride);
    if (rows_) sound.end = rows_ + taken_ + length;
    taken_ += stride * static_cast<std::size_t>(channels);
    return sound;
  }
  std::size_t taken() const { return taken_; }

 private:
  // Rows whose strides are a multiple of a page, plus a little, lie side by side in the cache.
  static constexpr std::size_t kPage = 1024, kApart = 80;  // samples
  float* rows_;
  std::size_t taken_;
};

float* aligned(std::vector<float>& room) {
  const auto at = reinterpret_cast<std::uintptr_t>(room.data());
  return room.data() + (64 - at % 64) % 64 / sizeof(float);
}

}  // namespace
}  // namespace teaching

using namespace teaching;

WaveNetLesson::State::State(const WaveNetShape& shape) : plan(shape), kernels(kernels_of(0)) {
  for (const StackPlan& of : plan.stacks) {
    stacks.emplace_back();
    stacks.back().layers.resize(of.layers.size());
  }
}

std::size_t WaveNetLesson::State::lay_out(int count, float* at) {
  plan.fit(count);
  teaching::Rows room(at);
  heard_by_all = ones = condition = room.take(1 + plan.shape.width, plan.heard());
  ones.channels = 1;
  condition.channels = plan.shape.width;
  if (at) condition.end += condition.stride;
  for (std::size_t s = 0; s < stacks.size(); ++s) {
    const StackPlan& of = plan.stacks[s];
    for (std::size_t l = 0; l < of.layers.size(); ++l) {
      Layer& layer = stacks[s].layers[l];
      layer.heard = room.take(of.shape.channels, of.layers[l].heard);
      layer.gated = layer.made = room.take(of.made, of.layers[l].made);
      if (gates(of.shape.bend)) layer.gated = room.take(of.shape.channels, of.layers[l].made);
    }
    stacks[s].passed_on = of.passed_on ? room.take(of.shape.channels, of.passed_on) : Sound{};
    stacks[s].read = plan.shape.stacked ? Sound{} : room.take(of.shape.channels, of.summed);
  }
  answer = room.take(1, plan.stacks.back().answered);
  return room.taken();
}

void WaveNetLesson::State::prepare(int count) {
  if (count == samples) return;
  samples = 0;
  rows.clear();
  // What no crop writes, such as the margins, stays zero for ever; 64 bytes more, to begin on a line of the cache.
  rows.resize(lay_out(count, nullptr) + 64 / sizeof(float), 0.0f);
  lay_out(count, aligned(rows));
  int widest = 1;
  for (const StackPlan& of : plan.stacks) widest = std::max(widest, of.shape.channels);
  block.assign(static_cast<std::size_t>(widest) * (kBlock + kStep), 0.0f);
  std::fill(ones.end - ones.length, ones.end, 1.0f);
  samples = count;
}

// The newest of what was given, behind silence where a vector needs more.
void WaveNetLesson::State::hear(const float* from) {
  const std::size_t kept = std::min(given(), static_cast<std::size_t>(condition.length));
  for (int c = 0; c < condition.channels; ++c) {
    from += given();
    std::fill(condition.row(c) - condition.length, condition.row(c) - kept, 0.0f);
    std::copy(from - kept, from, condition.row(c) - kept);
  }
}

void WaveNetLesson::State::be_told(const float* dy, bool with_condition) {
  std::fill(answer.end - answer.length, answer.end - samples, 0.0f);
  for (int t = 0; t < samples; ++t) answer.end[t - samples] = scale * dy[t];
  asked = with_condition;
  if (!asked) return;
  d_condition = condition;
  const auto channels = static_cast<std::size_t>(condition.channels);
  d_rows.assign(static_cast<std::size_t>(condition.stride) * channels + kMargin, 0.0f);
  d_condition.end = d_rows.data() + kMargin + condition.length;
}

void WaveNetLesson::State::tell(float* to) const {
  const std::size_t kept = std::min(given(), static_cast<std::size_t>(condition.length));
  for (int c = 0; c < d_condition.channels; ++c) {
    std::fill(to, to + (given() - kept), 0.0f);
    to += given();
    std::copy(d_condition.row(c) - kept, d_condition.row(c), to - kept);
  }
}

WaveNetLesson::WaveNetLesson(const WaveNetShape& shape) : state_(std::make_unique<State>(shape)) {}
WaveNetLesson::~WaveNetLesson() = default;

std::size_t WaveNetLesson::parameters() const noexcept { return state_->plan.parameters; }
std::size_t WaveNetLesson::settle() const noexcept { return state_->plan.settle; }
int WaveNetLesson::width() const noexcept { return state_->plan.shape.width; }
bool WaveNetLesson::ready() const noexcept { return state_->ready; }
int WaveNetLesson::samples() const noexcept { return state_->samples; }

std::size_t WaveNetLesson::bytes(int samples) const {
  State counted(state_->plan.shape);
  counted.place_slopes();
  const std::size_t sums = counted.sums_count * kLanes;
  return sizeof(float) * (counted.lay_out(samples, nullptr) + sums);
}

bool WaveNetLesson::set_width(int floats) noexcept {
  const teaching::Kernels* found = teaching::kernels_of(floats);
  if (found) state_->kernels = found;
  return found != nullptr;
}

void WaveNetLesson::forward(const float* parameters, const float* condition, float scale, float* y, int samples) {
  State& s = *state_;
  s.ready = false;
  s.prepare(samples);
  s.scale = scale;
  s.hear(condition);
  s.pack_forward(parameters);
  s.play();
  for (int t = 0; t < samples; ++t) y[t] = scale * s.answer.end[t - samples];
  s.ready = true;
}

void WaveNetLesson::backward(const float* parameters, const float* dy, float* gradients, float* d_condition) {
  State& s = *state_;
  if (!s.ready) throw std::logic_error("a lesson goes backward once after each forward");
  s.ready = false;
  s.be_told(dy, d_condition != nullptr);
  s.pack_backward(parameters);
  s.learn();
  s.harvest(gradients);
  if (s.asked) s.tell(d_condition);
}

}  // namespace tonewright
