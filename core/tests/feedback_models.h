// Small feedback models, and how they are played on paper: in double, one sample and one number after another.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>

#include "check.h"
#include "tonewright/tone_file.h"

using Values = std::vector<double>;

// Plays the graph of a file, which may hold feedbacks.
class OnPaper {
 public:
  OnPaper(const tonewright::Json& graph, const tonewright::ToneFile& file) : graph_(graph), file_(file) {
    const std::size_t count = graph.at("nodes").array().size();
    pasts_.resize(count);
    for (const tonewright::Json& node : graph.at("nodes").array()) {
      const bool loops = node.at("op").string() == "feedback";
      bodies_.push_back(loops ? std::make_unique<OnPaper>(node.at("attributes").at("graph"), file) : nullptr);
      weights_.push_back(numbers(node, "weight"));
      biases_.push_back(numbers(node, "bias"));
      lasts_.emplace_back(loops ? static_cast<std::size_t>(node.at("attributes").at("outputs").number()) : 0, 0.0);
    }
  }

  // One sample. With `given`, every feedback takes it for what it made.
  Values play(const std::map<std::string, Values>& ports, const double* given = nullptr) {
    std::vector<Values> made;
    const auto& nodes = graph_.at("nodes").array();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<Values> heard;
      for (const tonewright::Json& from : nodes[i].at("inputs").array())
        heard.push_back(made[static_cast<std::size_t>(from.number())]);
      made.push_back(play(nodes[i], i, heard, ports, given));
    }
    return made[static_cast<std::size_t>(graph_.at("output").number())];
  }

 private:
  Values play(const tonewright::Json& node, std::size_t i, const std::vector<Values>& x,
              const std::map<std::string, Values>& ports, const double* given) {
    const std::string& op = node.at("op").string();
    const tonewright::Json& attributes = node.at("attributes");
    if (op == "input") return ports.at(attributes.at("port").string());
    if (op == "number") return {attributes.at("value").number()};
    if (op == "constant") return numbers(node, "value");
    if (op == "conv1d") return convolve(node, i, x[0]);
    if (op == "feedback") {
      Values y = bodies_[i]->play({{"x", x[0]}, {"y", lasts_[i]}});
      for (double& v : y) v = given ? *given : std::isfinite(static_cast<float>(v)) ? v : 0.0;
      return lasts_[i] = y;
    }
    if (op == "slice")
      return {x[0].begin() + static_cast<std::ptrdiff_t>(attributes.at("start").number()),
              x[0].begin() + static_cast<std::ptrdiff_t>(attributes.at("stop").number())};
    Values y;
    if (op == "cat") {
      for (const Values& part : x) y.insert(y.end(), part.begin(), part.end());
      return y;
    }
    std::size_t channels = 0;
    for (const Values& operand : x) channels = std::max(channels, operand.size());
    for (std::size_t c = 0; c < channels; ++c) {
      const auto operand = [&](std::size_t k) { return x[k].size() == 1 ? x[k][0] : x[k][c]; };
      y.push_back(x.size() == 2 ? of_two(op, operand(0), operand(1)) : of_one(op, operand(0), attributes));
    }
    return y;
  }

  static double of_two(const std::string& op, double a, double b) {
    if (op == "add") return a + b;
    if (op == "sub") return a - b;
    if (op == "mul") return a * b;
    if (op == "div") return a / b;
    if (op == "maximum") return std::max(a, b);
    CHECK(op == "minimum");
    return std::min(a, b);
  }

  static double of_one(const std::string& op, double v, const tonewright::Json& attributes) {
    if (op == "neg") return -v;
    if (op == "abs") return std::fabs(v);
    if (op == "exp") return std::exp(v);
    if (op == "log") return std::log(v);
    if (op == "tanh") return std::tanh(v);
    if (op == "sigmoid") return 1.0 / (1.0 + std::exp(-v));
    if (op == "relu") return std::max(v, 0.0);
    if (op == "leaky_relu") return v > 0.0 ? v : attributes.at("slope").number() * v;
    if (op == "softsign") return v / (1.0 + std::fabs(v));
    CHECK(op == "gelu");
    return 0.5 * v * (1.0 + std::erf(v / std::sqrt(2.0)));
  }

  Values numbers(const tonewright::Json& node, const char* key) const {
    const tonewright::Json* name = node.at("weights").find(key);
    if (!name) return {};
    const auto& data = file_.tensors.at(name->string()).data;
    return {data.begin(), data.end()};
  }

  Values convolve(const tonewright::Json& node, std::size_t index, const Values& x) {
    const tonewright::Json& attributes = node.at("attributes");
    const auto whole = [&](const char* key) { return static_cast<std::size_t>(attributes.at(key).number()); };
    const Values& w = weights_[index];
    std::deque<Values>& past = pasts_[index];
    const std::size_t inputs = whole("inputs"), outputs = whole("outputs"), dilation = whole("dilation");
    const std::size_t taps = w.size() / inputs / outputs;
    past.resize(whole("memory"), Values(inputs, 0.0));
    past.push_back(x);
    Values y = biases_[index];
    y.resize(outputs, 0.0);
    for (std::size_t k = 0; k < taps; ++k) {
      const Values& heard = past[k * dilation];
      for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t i = 0; i < inputs; ++i) y[o] += w[(o * inputs + i) * taps + k] * heard[i];
    }
    past.pop_front();
    return y;
  }

  const tonewright::Json& graph_;
  const tonewright::ToneFile& file_;
  std::vector<std::deque<Values>> pasts_;
  std::vector<std::unique_ptr<OnPaper>> bodies_;
  std::vector<Values> lasts_, weights_, biases_;
};

// Writes the nodes of a graph one by one.
class Nodes {
 public:
  Nodes(Random& random, std::string prefix, std::vector<Weights>& weights)
      : random_(random), prefix_(std::move(prefix)), weights_(weights) {}

  std::string json() const { return text_; }
  int channels(int node) const { return channels_[static_cast<std::size_t>(node)]; }
  int last() const { return static_cast<int>(channels_.size()) - 1; }

  int input(const std::string& port, int channels) {
    return put(R"({"op":"input","inputs":[],"attributes":{"port":")" + port + R"(","channels":)" +
               std::to_string(channels) + R"(},"weights":{}})", channels);
  }

  // Weights of about `size` / the root of what each output hears; `halves` are all such numbers.
  int conv(int from, int outputs, int taps, int dilation, float size, bool bias, bool halves = false, int more_memory = 0) {
    const int inputs = channels(from), memory = (taps - 1) * dilation + more_memory;
    const float scale = size / std::sqrt(static_cast<float>(inputs * taps));
    const std::string out = std::to_string(outputs), in = std::to_string(inputs);
    const std::string shape = "[" + out + "," + in + "," + std::to_string(taps) + "]";
    const std::string name = weight(shape, outputs * inputs * taps, scale, halves);
    const std::string more = bias ? R"(,"bias":")" + weight("[" + out + "]", outputs, 0.1f) + "\"" : "";
    return put(R"({"op":"conv1d","inputs":[)" + std::to_string(from) + R"(],"attributes":{"inputs":)" + in +
                   R"(,"outputs":)" + out + R"(,"dilation":)" + std::to_string(dilation) +
                   R"(,"stride":1,"groups":1,"memory":)" + std::to_string(memory) + R"(},"weights":{"weight":")" + name +
                   "\"" + more + "}}",
               outputs);
  }

  int glue(const std::string& op, const std::vector<int>& from, const std::string& attributes = "{}", int channels = 0) {
    std::string list;
    for (int node : from) {
      list += (list.empty() ? "" : ",") + std::to_string(node);
      const int more = this->channels(node);
      if (op != "slice") channels = op == "cat" ? channels + more : std::max(channels, more);
    }
    return put(glue_node(op, list, attributes), channels);
  }

  int slice(int from, int start, int stop) {
    return glue("slice", {from}, "{\"start\":" + std::to_string(start) + ",\"stop\":" + std::to_string(stop) + "}", stop - start);
  }

  int number(double value) { return glue("number", {}, "{\"value\":" + std::to_string(value) + "}", 1); }

  int constant(int channels, float scale) {
    const std::string name = weight("[1," + std::to_string(channels) + ",1]", channels, scale);
    return put(R"({"op":"constant","inputs":[],"attributes":{},"weights":{"value":")" + name + "\"}}", channels);
  }

  int feedback(int from, int outputs, const Nodes& body, int output) {
    return put(R"({"op":"feedback","name":"loop","inputs":[)" + std::to_string(from) + R"(],"attributes":{"inputs":)" +
                   std::to_string(channels(from)) + R"(,"outputs":)" + std::to_string(outputs) +
                   R"(,"graph":{"nodes":[)" + body.json() + R"(],"output":)" + std::to_string(output) +
                   R"(}},"weights":{},"state":[]})",
               outputs);
  }

 private:
  int put(const std::string& node, int channels) {
    text_ += (text_.empty() ? "" : ",") + node;
    channels_.push_back(channels);
    return last();
  }

  std::string weight(const std::string& shape, int count, float scale, bool halves = false) {
    Weights w{prefix_ + "w" + std::to_string(weights_.size()), shape, random_.noise(static_cast<std::size_t>(count))};
    for (float& v : w.data) {
      v *= scale;
      if (halves) v = std::round(v * 1024.0f) / 1024.0f;
    }
    weights_.push_back(w);
    return weights_.back().name;
  }

  Random& random_;
  std::string prefix_, text_;
  std::vector<Weights>& weights_;
  std::vector<int> channels_;
};

struct FeedbackShape {
  int window = 16, width = 32, layers = 2;
  bool halves = false;
};

// The model of models/feedback: x by a convolution into the loop, whose layers hear that and the loop's past.
inline std::vector<std::uint8_t> feedback_model(const FeedbackShape& shape, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  const int heard = outer.conv(outer.input("x", 1), shape.width, shape.window, 1, 1.5f, true);
  const int x = inner.input("x", shape.width), y = inner.input("y", 1);
  const int told = inner.glue("mul", {y, inner.constant(1, 1.0f)});
  const int past = inner.conv(told, shape.width, shape.window - 1, 1, 1.0f, false, shape.halves);
  int at = inner.glue("gelu", {inner.glue("add", {past, x})});
  for (int i = 0; i < shape.layers; ++i)
    at = inner.glue("gelu", {inner.conv(at, shape.width, 1, 1, 2.0f, true, shape.halves)});
  at = inner.glue("mul", {inner.conv(at, 1, 1, 1, 1.5f, true), inner.constant(1, 1.0f)});
  outer.feedback(heard, 1, inner, at);
  return tone_bytes(header_of(outer.json(), outer.last()), weights);
}
