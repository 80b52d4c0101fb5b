#include "tonewright/teaching_lstm.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>

#include "denormals.h"
#include "kernels.h"
#include "teaching_lstm_state.h"

namespace tonewright {

namespace lstm {

const Kernels* kernels_of(int width) noexcept {
  if (width == 0) width = tonewright::kernels().width;
  if (!kernels_of_width(width)) return nullptr;
#if defined(TONEWRIGHT_X86)
  if (width == 16) return &kLstm16;
  if (width == 8) return &kLstm8;
#endif
  return &kLstm4;
}

namespace {

void within(const char* what, int value, int most) {
  if (value < 1 || value > most)
    throw std::invalid_argument(std::string("the native core teaches LSTMs whose ") + what + " is 1 to " +
                                std::to_string(most) + ", and this one's is " + std::to_string(value));
}

}  // namespace
}  // namespace lstm

using lstm::kBlock;

LstmLesson::State::State(const LstmShape& given) : shape(given), kernels(lstm::kernels_of(0)) {
  lstm::within("width", shape.width, lstm::kMostWidth);
  lstm::within("hidden", shape.hidden, lstm::kMostHidden);
  lstm::within("number of layers", shape.layers, lstm::kMostLayers);
  layers.resize(static_cast<std::size_t>(shape.layers));
  for (std::size_t l = 0; l < layers.size(); ++l) {
    layers[l].units = lstm::padded(shape.hidden);
    layers[l].inputs = l ? layers[l].units : shape.width;
    parameters += weights(l);
  }
  parameters += static_cast<std::size_t>(shape.hidden) + 1;
}

// Room for all that forward and backward write.
void LstmLesson::State::prepare() {
  const std::size_t w = lanes(), n = units();
  x.want(rooms() * kept() * static_cast<std::size_t>(shape.width) * w);
  memory_of_group = (kept() + 1) * layers.front().left() * layers.size() * w;
  memory.want(rooms() * memory_of_group);
  const std::size_t heard = std::max(layers.front().heard(), layers.back().heard());
  const std::size_t sizes[] = {n * 4 * lstm::kApart, heard * lstm::kApart, n * 4, kBlock * n, n * layers.size(),
                               n * layers.size(),    kBlock};
  std::size_t all = 0;
  for (std::size_t size : sizes) all += size;
  float* at = block.want(all * w);
  float** const parts[] = {&room.slopes, &room.heard, &room.now, &room.d_h, &room.later_h, &room.later_c, &room.sums};
  for (std::size_t k = 0; k < std::size(sizes); at += sizes[k] * w, ++k) *parts[k] = at;
}

float* LstmLesson::State::heard(int group, int t) const {
  const std::size_t at = learning ? static_cast<std::size_t>(group) * kept() + static_cast<std::size_t>(t) : 0;
  return x.data() + at * static_cast<std::size_t>(shape.width) * lanes();
}

// What the sample before t left.
float* LstmLesson::State::left(std::size_t layer, int group, int t) const {
  const std::size_t step = layers[layer].left() * lanes();
  float* const first = memory.data() + layer * (kept() + 1) * step;
  return learning ? first + static_cast<std::size_t>(group) * memory_of_group + static_cast<std::size_t>(t) * step
                  : first;
}

// What a layer hears from sample t on.
lstm::Heard LstmLesson::State::source(std::size_t layer, int group, int t) const {
  if (layer == 0) return {heard(group, t), static_cast<std::size_t>(shape.width) * lanes()};
  const std::size_t step = layers[layer - 1].left() * lanes();
  return {left(layer - 1, group, t) + step + lstm::kH * units() * lanes(), step};
}

void LstmLesson::State::begin(const float* before, int group) {
  const std::size_t w = lanes(), hidden = static_cast<std::size_t>(shape.hidden);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    float* const to = left(l, group, 0);
    std::memset(to, 0, layers[l].left() * w * sizeof(float));
    for (std::size_t lane = 0; lane < w; ++lane) {
      const std::size_t sound = static_cast<std::size_t>(group) * w + lane;
      if (sound >= static_cast<std::size_t>(sounds)) break;
      const float* h = before + (sound * layers.size() + l) * 2 * hidden;
      for (std::size_t u = 0; u < hidden; ++u) {
        to[(lstm::kH * units() + u) * w + lane] = h[u];
        to[(lstm::kC * units() + u) * w + lane] = h[hidden + u];
      }
    }
  }
}

void LstmLesson::State::end(float* after, int group) const {
  const std::size_t w = lanes(), hidden = static_cast<std::size_t>(shape.hidden);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const float* const from = left(l, group, samples);
    for (std::size_t lane = 0; lane < w; ++lane) {
      const std::size_t sound = static_cast<std::size_t>(group) * w + lane;
      if (sound >= static_cast<std::size_t>(sounds)) break;
      float* h = after + (sound * layers.size() + l) * 2 * hidden;
      for (std::size_t u = 0; u < hidden; ++u) {
        h[u] = from[(lstm::kH * units() + u) * w + lane];
        h[hidden + u] = from[(lstm::kC * units() + u) * w + lane];
      }
    }
  }
}

namespace {

// Samples [from, from + count) of row `row` of each sound of a group, to [count][apart] vectors of lanes. Lanes
// without a sound hear silence.
void to_lanes(const float* rows, int sounds, std::size_t rows_of_sound, std::size_t row, int samples, int group,
              std::size_t w, int from, int count, float factor, float* to, std::size_t apart) {
  for (std::size_t lane = 0; lane < w; ++lane) {
    const std::size_t sound = static_cast<std::size_t>(group) * w + lane;
    const bool there = sound < static_cast<std::size_t>(sounds);
    const float* at = there ? rows + (sound * rows_of_sound + row) * static_cast<std::size_t>(samples) + from : nullptr;
    for (int t = 0; t < count; ++t) to[static_cast<std::size_t>(t) * apart * w + lane] = there ? factor * at[t] : 0.0f;
  }
}

}  // namespace

void LstmLesson::forward(const float* parameters, const float* condition, const float* before, float scale, float* y,
                         float* after, int sounds, int samples, bool learning) {
  const NoDenormals none;
  State& s = *state_;
  s.ready = false;
  s.sounds = sounds, s.samples = samples, s.scale = scale, s.learning = learning;
  s.prepare();
  s.pack(parameters);
  for (int group = 0; group < s.groups(); ++group) {
    s.begin(before, group);
    s.play(group, condition, y);
    s.end(after, group);
  }
  s.ready = learning;
}

void LstmLesson::State::play(int group, const float* condition, float* y) {
  const std::size_t w = lanes(), rows = static_cast<std::size_t>(shape.width), last = layers.size() - 1;
  float* const answered = room.d_h;
  for (int t = 0; t < samples; t += kBlock) {
    const int count = std::min(kBlock, samples - t);
    for (std::size_t row = 0; row < rows; ++row)
      to_lanes(condition, sounds, rows, row, samples, group, w, t, count, 1.0f, heard(group, t) + row * w, rows);
    for (std::size_t l = 0; l <= last; ++l) kernels->play(layers[l], source(l, group, t), left(l, group, t), count);
    kernels->answer(layers[last], head.data(), head_bias, left(last, group, t), count, answered);
    for (std::size_t lane = 0; lane < w; ++lane) {
      const std::size_t sound = static_cast<std::size_t>(group) * w + lane;
      if (sound >= static_cast<std::size_t>(sounds)) break;
      const float* dry = condition + sound * rows * static_cast<std::size_t>(samples) + t;
      float* to = y + sound * static_cast<std::size_t>(samples) + t;
      for (int k = 0; k < count; ++k)
        to[k] = scale * answered[static_cast<std::size_t>(k) * w + lane] + (shape.direct ? dry[k] : 0.0f);
    }
    if (learning) continue;
    for (std::size_t l = 0; l <= last; ++l) {
      const std::size_t step = layers[l].left() * w;
      float* const first = left(l, group, t);
      std::memcpy(first, first + static_cast<std::size_t>(count) * step, step * sizeof(float));
    }
  }
}

void LstmLesson::backward(const float* dy, float* gradients) {
  const NoDenormals none;
  State& s = *state_;
  const std::size_t w = s.lanes(), of_head = (s.units() + 1) * w;
  std::size_t all = of_head;
  for (const lstm::Layer& layer : s.layers) all += layer.gates() * layer.heard() * w;
  float* at = s.sums.want(all);
  std::memset(at, 0, all * sizeof(float));
  s.sums_of.clear();
  for (const lstm::Layer& layer : s.layers) s.sums_of.push_back(at), at += layer.gates() * layer.heard() * w;
  s.sums_of.push_back(at);
  for (int group = 0; group < s.groups(); ++group) s.learn(group, dy);
  s.harvest(gradients);
  s.ready = false;
}

void LstmLesson::State::learn(int group, const float* dy) {
  const std::size_t w = lanes(), last = layers.size() - 1, later = units() * w;
  std::memset(room.later_h, 0, layers.size() * later * sizeof(float));
  std::memset(room.later_c, 0, layers.size() * later * sizeof(float));
  float* const told = room.sums;
  for (int t = (samples - 1) / kBlock * kBlock; t >= 0; t -= kBlock) {
    const int count = std::min(kBlock, samples - t);
    to_lanes(dy, sounds, 1, 0, samples, group, w, t, count, scale, told, 1);
    kernels->unanswer(layers[last], head.data(), told, left(last, group, t), count, room, sums_of.back());
    for (std::size_t l = layers.size(); l-- > 0;) {
      lstm::Room mine = room;
      mine.later_h += l * later, mine.later_c += l * later;
      mine.sums = sums_of[l];
      kernels->learn(layers[l], source(l, group, t), left(l, group, t), count, mine);
    }
  }
}

LstmLesson::LstmLesson(const LstmShape& shape) : state_(std::make_unique<State>(shape)) {}
LstmLesson::~LstmLesson() = default;

std::size_t LstmLesson::parameters() const noexcept { return state_->parameters; }
std::size_t LstmLesson::state() const noexcept {
  return static_cast<std::size_t>(2 * state_->shape.layers * state_->shape.hidden);
}
int LstmLesson::width() const noexcept { return state_->shape.width; }
bool LstmLesson::ready() const noexcept { return state_->ready; }
int LstmLesson::sounds() const noexcept { return state_->sounds; }
int LstmLesson::samples() const noexcept { return state_->samples; }

std::size_t LstmLesson::bytes(int sounds, int samples) const noexcept {
  const State& s = *state_;
  const std::size_t w = s.lanes(), filled = (static_cast<std::size_t>(sounds) + w - 1) / w * w;
  const std::size_t left = s.layers.size() * s.layers.front().left() + static_cast<std::size_t>(s.shape.width);
  std::size_t sums = 0;
  for (const lstm::Layer& layer : s.layers) sums += layer.gates() * layer.heard() * w;
  return sizeof(float) * (filled * static_cast<std::size_t>(samples) * left + sums);
}

bool LstmLesson::set_width(int floats) noexcept {
  const lstm::Kernels* found = lstm::kernels_of(floats);
  if (found) state_->kernels = found, state_->ready = false;
  return found != nullptr;
}

}  // namespace tonewright
