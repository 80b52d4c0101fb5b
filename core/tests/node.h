// One node of a graph by itself: made from tensors in memory, and played in random blocks.
#pragma once

#include <algorithm>
#include <memory>

#include "allocations.h"
#include "check.h"
#include "operation.h"

using tonewright::Json;
using tonewright::Operation;
using tonewright::Signal;
using tonewright::Tensors;

// A node whose weights go by the names of these tensors.
inline Json node_of(const std::string& op, const std::string& attributes, const Tensors& tensors) {
  std::string names;
  for (const auto& [name, tensor] : tensors) names += (names.empty() ? "\"" : ",\"") + name + "\":\"" + name + "\"";
  return Json::parse("{\"op\":\"" + op + "\",\"attributes\":{" + attributes + "},\"weights\":{" + names + "}}");
}

// True when it was made, false when it was refused in a sentence; anything else ends the test.
inline bool makes(const std::string& op, const std::string& attributes, const Tensors& tensors) {
  try {
    return tonewright::make_operation(node_of(op, attributes, tensors), tensors, {1}) != nullptr;
  } catch (const tonewright::FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

// x [channels][frames] through the node in random blocks of at most 64, to [its channels][frames]; takes no memory.
inline std::vector<float> played(Operation& node, const std::vector<float>& x, int channels, Random& random) {
  constexpr int kMost = 64;
  const auto frames = static_cast<int>(x.size()) / channels;
  std::vector<float> in(static_cast<std::size_t>(kMost * channels));
  std::vector<float> out(static_cast<std::size_t>(kMost * node.channels));
  std::vector<float> made(static_cast<std::size_t>(frames * node.channels));
  const Signal heard{in.data(), kMost, channels}, y{out.data(), kMost, node.channels};
  const long before = allocations;
  for (int done = 0; done < frames;) {
    const int count = std::min(frames - done, 1 + random.below(kMost));
    for (int c = 0; c < channels; ++c) std::copy_n(x.data() + c * frames + done, count, heard.row(c));
    node.process(&heard, y, count);
    for (int c = 0; c < node.channels; ++c) std::copy_n(y.row(c), count, made.data() + c * frames + done);
    done += count;
  }
  CHECK(allocations == before);
  return made;
}
