// The streaming contract of the core: the words are those of tonewright/layers/base.py.
#pragma once

namespace tonewright {

class Layer {
 public:
  virtual ~Layer() = default;
  // Allocates everything that process() will need, for blocks of 1 to max_frames. [main thread]
  virtual void prepare(int max_frames) = 0;
  // Back to silence; settings stay. [audio thread]
  virtual void reset() noexcept = 0;
};

}  // namespace tonewright
