// What an LSTM's lesson works with: packed and harvested by teaching_lstm_pack.cpp, played and learned from by
// teaching_lstm.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "teaching_lstm_kernels.h"
#include "tonewright/teaching_lstm.h"

namespace tonewright {

namespace lstm {

// Floats that begin where a line of the cache does, with junk in them: a vector across two lines costs twice.
class Lines {
 public:
  Lines() = default;
  ~Lines() { free(); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // At least so many; what was in them is lost.
  float* want(std::size_t count) {
    if (count > count_) {
      free();
      at_ = nullptr, count_ = 0;
      at_ = static_cast<float*>(::operator new(count * sizeof(float), std::align_val_t(64)));
      count_ = count;
    }
    return at_;
  }
  float* data() const { return at_; }

 private:
  void free() noexcept { ::operator delete(at_, std::align_val_t(64)); }

  float* at_ = nullptr;
  std::size_t count_ = 0;
};

constexpr int kMostHidden = 256, kMostLayers = 8, kMostWidth = 65;

inline int padded(int units) { return (units + kUnits - 1) / kUnits * kUnits; }

}  // namespace lstm

struct LstmLesson::State {
  explicit State(const LstmShape& shape);  // throws std::invalid_argument

  // teaching_lstm_pack.cpp
  void pack(const float* given);
  void pack_layer(std::size_t index, const float* given);
  void harvest(float* gradients) const;
  void harvest_layer(std::size_t index, float* gradients) const;
  int inputs(std::size_t layer) const { return layer ? shape.hidden : shape.width; }
  std::size_t weights(std::size_t layer) const;  // all of a layer's parameters

  // teaching_lstm.cpp
  void prepare();
  void begin(const float* before, int group);
  void play(int group, const float* condition, float* y);
  void end(float* after, int group) const;
  void learn(int group, const float* dy);

  std::size_t units() const { return static_cast<std::size_t>(lstm::padded(shape.hidden)); }
  std::size_t lanes() const { return static_cast<std::size_t>(kernels->width); }
  int groups() const { return (sounds + kernels->width - 1) / kernels->width; }
  std::size_t rooms() const { return learning ? static_cast<std::size_t>(groups()) : 1; }  // that are kept
  // Samples whose past is kept: all of them, or those of a block.
  std::size_t kept() const { return static_cast<std::size_t>(learning ? samples : lstm::kBlock); }
  float* heard(int group, int t) const;
  float* left(std::size_t layer, int group, int t) const;
  lstm::Heard source(std::size_t layer, int group, int t) const;

  LstmShape shape;
  const lstm::Kernels* kernels;
  std::vector<lstm::Layer> layers;
  std::vector<float> head;  // [units]
  float head_bias = 0, scale = 1;
  std::size_t parameters = 0;
  int sounds = 0, samples = 0;
  bool learning = false, ready = false;
  lstm::Lines x, memory, block, sums;
  std::size_t memory_of_group = 0;
  lstm::Room room{};
  std::vector<float*> sums_of;  // of each layer, and of the head
};

}  // namespace tonewright
