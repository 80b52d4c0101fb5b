// A .tone file: a safetensors container whose one metadata key holds JSON. Every size is checked before use.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tonewright/json.h"

namespace tonewright {

struct Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> data;

  std::int64_t count() const { return static_cast<std::int64_t>(data.size()); }
};

struct ToneFile {
  static constexpr int kFormat = 1;

  Json header;  // what the key "tonewright" says: config, graph, rate, latency ...
  std::map<std::string, Tensor> tensors;

  // Raises FileError, in one sentence, when the file is missing, damaged, foreign or of the future. [main thread]
  static ToneFile load(const std::string& path);
  // The same of a file in memory.
  static ToneFile parse(const std::uint8_t* bytes, std::size_t size);
};

}  // namespace tonewright
