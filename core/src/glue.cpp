#include "glue.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace tonewright {

namespace {

class UnaryGlue : public Operation {
 public:
  Unary op{};
  float leak = 0.0f;

  Unary activation() const override { return op; }
  float slope() const override { return leak; }
  void prepare(int) override {}
  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    kernels().unary(op, leak, in[0], y, frames);
  }
};

class BinaryGlue : public Operation {
 public:
  Binary op{};

  bool is_add() const override { return op == Binary::kAdd; }
  void prepare(int) override {}
  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    kernels().binary(op, in[0], in[1], y, frames);
  }
};

void copy_row(const float* from, float* to, int frames) noexcept {
  std::memcpy(to, from, static_cast<std::size_t>(frames) * sizeof(float));
}

class Slice : public Operation {
 public:
  int start = 0;

  int view() const override { return start; }
  void prepare(int) override {}
  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    for (int c = 0; c < channels; ++c) copy_row(in[0].row(start + c), y.row(c), frames);
  }
};

class Stack : public Operation {
 public:
  void prepare(int) override {}
  void process(const std::vector<Signal>& in, Signal y, int frames) noexcept override {
    int to = 0;
    for (const Signal& x : in)
      for (int c = 0; c < x.channels; ++c) copy_row(x.row(c), y.row(to++), frames);
  }
};

const std::map<std::string, Unary> kUnary = {
    {"tanh", Unary::kTanh},         {"sigmoid", Unary::kSigmoid},   {"relu", Unary::kRelu},
    {"leaky_relu", Unary::kLeakyRelu}, {"softsign", Unary::kSoftsign}, {"neg", Unary::kNeg},
    {"abs", Unary::kAbs},           {"exp", Unary::kExp},           {"log", Unary::kLog},
    {"sin", Unary::kSin},           {"gelu", Unary::kGelu}};
const std::map<std::string, Binary> kBinary = {
    {"add", Binary::kAdd}, {"sub", Binary::kSub},         {"mul", Binary::kMul},        {"div", Binary::kDiv},
    {"pow", Binary::kPow}, {"maximum", Binary::kMaximum}, {"minimum", Binary::kMinimum}};

void check_count(const std::string& op, std::size_t given, std::size_t wanted) {
  if (given != wanted) throw FileError("'" + op + "' in the file has another number of inputs than it takes");
}

std::unique_ptr<Operation> make_binary(const std::string& op, Binary which, const std::vector<int>& channels) {
  check_count(op, channels.size(), 2);
  const int most = std::max(channels[0], channels[1]);
  if (std::min(channels[0], channels[1]) != most && std::min(channels[0], channels[1]) != 1)
    throw FileError("'" + op + "' in the file has inputs whose channels do not go together");
  auto made = std::make_unique<BinaryGlue>();
  made->op = which;
  made->channels = most;
  return made;
}

std::unique_ptr<Operation> make_slice(const Json& node, const std::vector<int>& channels) {
  check_count("slice", channels.size(), 1);
  auto made = std::make_unique<Slice>();
  made->start = static_cast<int>(node.at("attributes").at("start").integer(0, channels[0] - 1));
  made->channels = static_cast<int>(node.at("attributes").at("stop").integer(made->start + 1, channels[0])) - made->start;
  return made;
}

}  // namespace

std::unique_ptr<Operation> make_glue(const std::string& op, const Json& node, const std::vector<int>& channels) {
  if (const auto found = kUnary.find(op); found != kUnary.end()) {
    check_count(op, channels.size(), 1);
    auto made = std::make_unique<UnaryGlue>();
    made->op = found->second;
    made->channels = channels[0];
    if (const Json* slope = node.at("attributes").find("slope")) made->leak = static_cast<float>(slope->number());
    return made;
  }
  if (const auto found = kBinary.find(op); found != kBinary.end()) return make_binary(op, found->second, channels);
  if (op == "slice") return make_slice(node, channels);
  if (op != "cat") return nullptr;
  auto made = std::make_unique<Stack>();
  std::int64_t total = 0;
  for (int count : channels) total += count;
  if (total < 1 || total > kMaxChannels) throw FileError("'cat' in the file puts too many channels together");
  made->channels = static_cast<int>(total);
  return made;
}

}  // namespace tonewright
