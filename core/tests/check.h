// The smallest thing that tests need: a check that says where it failed, and small .tone files to play.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                                  \
    }                                                                                \
  } while (false)

// The same numbers on every machine, evenly in -1 .. 1.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  float uniform() { return static_cast<float>(next() % 2000001) / 1000000.0f - 1.0f; }
  std::vector<float> noise(std::size_t n) {
    std::vector<float> x(n);
    for (float& v : x) v = uniform();
    return x;
  }

 private:
  std::uint64_t state_;
};

struct Weights {
  std::string name, shape;  // "[2,1,3]"
  std::vector<float> data;
};

inline std::string quoted(const std::string& json) {
  std::string out;
  for (char c : json) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The bytes of a .tone file with these weights and this JSON under its key.
inline std::vector<std::uint8_t> tone_bytes(const std::string& header, const std::vector<Weights>& weights) {
  std::string text = "{\"__metadata__\":{\"tonewright\":\"" + quoted(header) + "\"}";
  std::size_t at = 0;
  for (const Weights& w : weights) {
    const std::size_t end = at + w.data.size() * sizeof(float);
    text += ",\"" + w.name + "\":{\"dtype\":\"F32\",\"shape\":" + w.shape + ",\"data_offsets\":[" + std::to_string(at) +
            "," + std::to_string(end) + "]}";
    at = end;
  }
  text += "}";
  std::vector<std::uint8_t> bytes(8 + text.size() + at);
  for (int i = 0; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(text.size() >> (8 * i));
  std::memcpy(bytes.data() + 8, text.data(), text.size());
  std::size_t to = 8 + text.size();
  for (const Weights& w : weights) {
    std::memcpy(bytes.data() + to, w.data.data(), w.data.size() * sizeof(float));
    to += w.data.size() * sizeof(float);
  }
  return bytes;
}

// A header around these nodes.
inline std::string header_of(const std::string& nodes, int output, const std::string& ports = "", int settle = 0) {
  return "{\"format\":1,\"sample_rate\":48000,\"settle\":" + std::to_string(settle) +
         ",\"latency\":0,\"block\":1,\"ports\":[" + ports + "],\"graph\":{\"nodes\":[" + nodes +
         "],\"output\":" + std::to_string(output) + "}}";
}

inline std::string input_node(const std::string& port = "x", int channels = 1) {
  return R"({"op":"input","inputs":[],"attributes":{"port":")" + port + R"(","channels":)" + std::to_string(channels) +
         R"(},"weights":{}})";
}

inline std::string conv_node(int from, int inputs, int outputs, int dilation, int memory, const std::string& name,
                             int stride = 1) {
  return R"({"op":"conv1d","inputs":[)" + std::to_string(from) + R"(],"attributes":{"inputs":)" + std::to_string(inputs) +
         R"(,"outputs":)" + std::to_string(outputs) + R"(,"dilation":)" + std::to_string(dilation) + R"(,"stride":)" +
         std::to_string(stride) + R"(,"groups":1,"memory":)" + std::to_string(memory) + R"(},"weights":{"weight":")" +
         name + R"("}})";
}

inline std::string glue_node(const std::string& op, const std::string& inputs, const std::string& attributes = "{}") {
  return R"({"op":")" + op + R"(","inputs":[)" + inputs + R"(],"attributes":)" + attributes + R"(,"weights":{}})";
}
