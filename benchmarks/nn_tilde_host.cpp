// What nn~ does with a file, without Max and Pure Data: host FILE METHOD BUFFER INPUT OUTPUT, of float32 channel by
// channel. Asks for methods and attributes, sets each attribute to what it is, and plays the input buffer by buffer.
#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using Values = std::vector<c10::IValue>;

std::vector<std::string> Ask(torch::jit::Module& module, const std::string& what) {
  std::vector<std::string> words;
  for (const c10::IValue& word : module.get_method(what)(Values{}).toList().vec()) words.push_back(word.toStringRef());
  return words;
}

void TurnAll(torch::jit::Module& module) {
  for (const std::string& name : Ask(module, "get_attributes")) {
    const double value = module.get_method("get_" + name)(Values{}).toTuple()->elements()[0].toDouble();
    TORCH_CHECK(module.attr(name + "_params").toTensor()[0].item<int64_t>() == 2, name, " is no number");
    TORCH_CHECK(module.get_method("set_" + name)(Values{value}).toInt() == 0, name, " was not set");
  }
}

}  // namespace

int main(int, char** words) {
  at::set_num_threads(1);
  auto module = torch::jit::load(words[1]);
  module.eval();
  const std::string method = words[2];
  const auto methods = Ask(module, "get_methods");
  TORCH_CHECK(std::find(methods.begin(), methods.end(), method) != methods.end(), "no method ", method);
  TurnAll(module);
  const auto params = module.attr(method + "_params").toTensor();
  const int64_t inputs = params[0].item<int64_t>(), in_ratio = params[1].item<int64_t>();
  const int64_t outputs = params[2].item<int64_t>(), out_ratio = params[3].item<int64_t>();
  TORCH_CHECK(module.attr(method + "_input_labels").toList().size() == size_t(inputs), "labels");

  std::ifstream file(words[4], std::ios::binary);
  std::vector<char> raw((std::istreambuf_iterator<char>(file)), {});
  const int64_t buffer = std::stol(words[3]), length = int64_t(raw.size()) / 4 / inputs;
  const auto x = torch::from_blob(raw.data(), {inputs, length});
  const c10::InferenceMode guard;
  std::vector<at::Tensor> made;
  std::vector<double> taken;
  for (int64_t i = 0; i + buffer <= length; i += buffer) {
    const auto heard = x.slice(1, i, i + buffer).reshape({inputs, 1, -1, in_ratio}).select(-1, -1).permute({1, 0, 2});
    const std::clock_t start = std::clock();
    const auto y = module.get_method(method)(Values{heard}).toTensor();
    taken.push_back(double(std::clock() - start) / CLOCKS_PER_SEC);
    made.push_back(y.repeat_interleave(out_ratio).reshape({outputs, -1}));
    TORCH_CHECK(made.back().size(1) == buffer, "another length");
  }
  const auto whole = torch::cat(made, 1).contiguous();
  std::ofstream(words[5], std::ios::binary).write(static_cast<const char*>(whole.data_ptr()), whole.numel() * 4);
  std::nth_element(taken.begin(), taken.begin() + taken.size() / 2, taken.end());
  std::cout << TORCH_VERSION << " " << taken[taken.size() / 2] << "\n";
}
