#include "glue.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace tonewright {

namespace {

class UnaryGlue : public Operation {
 public:
  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    kernels().unary(traits.bends, traits.slope, in[0], y, frames);
  }
};

class BinaryGlue : public Operation {
 public:
  Binary op{};

  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    kernels().binary(op, in[0], in[1], y, frames);
  }
};

// The graph lets those who hear it read its input instead.
class View : public Operation {
 public:
  void process(const Signal*, const Signal&, int) noexcept override {}
};

class Stack : public Operation {
 public:
  void process(const Signal* in, const Signal& y, int frames) noexcept override {
    for (int to = 0; to < y.channels; ++in)
      for (int c = 0; c < in->channels; ++c)
        std::memcpy(y.row(to++), in->row(c), static_cast<std::size_t>(frames) * sizeof(float));
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

std::unique_ptr<Operation> make_unary(Unary which, const Json& node, int channels) {
  auto made = std::make_unique<UnaryGlue>();
  made->channels = channels;
  made->traits.bends = which;
  if (const Json* slope = node.at("attributes").find("slope")) made->traits.slope = static_cast<float>(slope->number());
  return made;
}

std::unique_ptr<Operation> make_binary(const std::string& op, Binary which, const std::vector<int>& channels) {
  const int most = std::max(channels[0], channels[1]);
  if (std::min(channels[0], channels[1]) != most && std::min(channels[0], channels[1]) != 1)
    throw FileError("'" + op + "' in the file has inputs whose channels do not go together");
  auto made = std::make_unique<BinaryGlue>();
  made->op = which;
  made->channels = most;
  made->traits.adds = which == Binary::kAdd;
  made->traits.multiplies = which == Binary::kMul;
  return made;
}

std::unique_ptr<Operation> make_view(int channel, int channels, int delay) {
  auto made = std::make_unique<View>();
  made->channels = channels;
  made->traits.is_view = true;
  made->traits.channel = channel;
  made->traits.delay = delay;
  return made;
}

std::unique_ptr<Operation> make_slice(const Json& node, int channels) {
  const auto start = static_cast<int>(node.at("attributes").at("start").integer(0, channels - 1));
  const auto stop = static_cast<int>(node.at("attributes").at("stop").integer(start + 1, channels));
  return make_view(start, stop - start, 0);
}

std::unique_ptr<Operation> make_stack(const std::vector<int>& channels) {
  std::int64_t total = 0;
  for (int count : channels) total += count;
  if (total < 1 || total > kMaxChannels) throw FileError("'cat' in the file puts too many channels together");
  auto made = std::make_unique<Stack>();
  made->channels = static_cast<int>(total);
  made->traits.stacks = true;
  return made;
}

}  // namespace

std::unique_ptr<Operation> make_glue(const std::string& op, const Json& node, const std::vector<int>& channels) {
  if (op == "cat") return make_stack(channels);
  if (const auto found = kBinary.find(op); found != kBinary.end()) {
    check_count(op, channels.size(), 2);
    return make_binary(op, found->second, channels);
  }
  const auto found = kUnary.find(op);
  if (found == kUnary.end() && op != "slice" && op != "delay") return nullptr;
  check_count(op, channels.size(), 1);
  if (found != kUnary.end()) return make_unary(found->second, node, channels[0]);
  if (op == "slice") return make_slice(node, channels[0]);
  return make_view(0, channels[0], static_cast<int>(node.at("attributes").at("samples").integer(0, kMaxMemory / channels[0])));
}

}  // namespace tonewright
