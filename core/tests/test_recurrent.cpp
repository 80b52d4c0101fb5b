// Every width gives what the plainest loop in double gives, for every number of units and any blocks; a file whose
// weights do not fit is refused; and a broken sample does not stay.
#include <algorithm>
#include <limits>

#include "allocations.h"
#include "check.h"
#include "recurrent.h"

using namespace tonewright;

namespace {

struct Layer {
  Cell cell;
  int inputs, hidden;
  std::vector<float> input, recurrent, input_bias, recurrent_bias;

  RecurrentWeights weights() const {
    return {cell, inputs, hidden, input.data(), recurrent.data(), input_bias.data(), recurrent_bias.data()};
  }
};

std::vector<float> scaled(std::vector<float> x, float by) {
  for (float& v : x) v *= by;
  return x;
}

Layer random_layer(Random& random, Cell cell, int inputs, int hidden) {
  const auto rows = static_cast<std::size_t>(gates_of(cell) * hidden);
  const float size = 2.0f / std::sqrt(static_cast<float>(hidden));
  return {cell,
          inputs,
          hidden,
          random.noise(rows * static_cast<std::size_t>(inputs)),
          scaled(random.noise(rows * static_cast<std::size_t>(hidden)), size),
          random.noise(rows),
          random.noise(rows)};
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// x [t][inputs] to h [t][hidden], in double, as torch defines it.
std::vector<double> plain(const Layer& l, const std::vector<float>& x, int frames) {
  const auto hidden = static_cast<std::size_t>(l.hidden), inputs = static_cast<std::size_t>(l.inputs);
  const auto rows = static_cast<std::size_t>(gates_of(l.cell)) * hidden;
  std::vector<double> h(hidden), c(hidden), a(rows), b(rows), out;
  for (std::size_t t = 0; t < static_cast<std::size_t>(frames); ++t) {
    for (std::size_t r = 0; r < rows; ++r) {
      a[r] = l.input_bias[r];
      b[r] = l.recurrent_bias[r];
      for (std::size_t i = 0; i < inputs; ++i) a[r] += static_cast<double>(l.input[r * inputs + i]) * x[t * inputs + i];
      for (std::size_t i = 0; i < hidden; ++i) b[r] += static_cast<double>(l.recurrent[r * hidden + i]) * h[i];
    }
    for (std::size_t u = 0; u < hidden; ++u) {
      const auto sum = [&](std::size_t gate) { return a[gate * hidden + u] + b[gate * hidden + u]; };
      if (l.cell == Cell::kLstm) {
        c[u] = sigmoid(sum(1)) * c[u] + sigmoid(sum(0)) * std::tanh(sum(2));
        h[u] = sigmoid(sum(3)) * std::tanh(c[u]);
      } else {
        const double n = std::tanh(a[2 * hidden + u] + sigmoid(sum(0)) * b[2 * hidden + u]), z = sigmoid(sum(1));
        h[u] = (1.0 - z) * n + z * h[u];
      }
    }
    out.insert(out.end(), h.begin(), h.end());
  }
  return out;
}

// The layer in memory of its own, played by one kernel.
class Played {
 public:
  Played(const Layer& layer, const RecurrentKernels& kernels)
      : kernels_(kernels), packed_(pack(layer.weights(), kernels.width)),
        h_(static_cast<std::size_t>(kRecurrentFrames + 1) * packed_.width), c_(packed_.width),
        gates_(static_cast<std::size_t>(kRecurrentFrames) * packed_.rows), x_(static_cast<std::size_t>(packed_.inputs)) {}

  // x [t][inputs] to [t][hidden].
  std::vector<float> operator()(const std::vector<float>& x, int frames) {
    const std::size_t stride = padded(static_cast<std::size_t>(frames));
    const auto inputs = static_cast<std::size_t>(packed_.inputs), hidden = static_cast<std::size_t>(packed_.hidden);
    std::vector<float> in(stride * inputs), out(stride * hidden), made;
    for (std::size_t t = 0; t < static_cast<std::size_t>(frames); ++t)
      for (std::size_t i = 0; i < inputs; ++i) in[i * stride + t] = x[t * inputs + i];
    kernels_.play(packed_, {h_.data(), c_.data(), gates_.data(), x_.data()}, {in.data(), stride, packed_.inputs},
                  {out.data(), stride, packed_.hidden}, frames);
    for (std::size_t t = 0; t < static_cast<std::size_t>(frames); ++t)
      for (std::size_t u = 0; u < hidden; ++u) made.push_back(out[u * stride + t]);
    return made;
  }

 private:
  const RecurrentKernels& kernels_;
  Recurrence packed_;
  Floats h_, c_, gates_, x_;
};

void equals_the_plain_loop(const RecurrentKernels& kernels, Cell cell, int inputs, int hidden) {
  Random random(static_cast<std::uint64_t>(1000 * inputs + hidden));
  const Layer layer = random_layer(random, cell, inputs, hidden);
  constexpr int kFrames = 150;
  const std::vector<float> x = random.noise(static_cast<std::size_t>(kFrames * inputs));
  const std::vector<double> expected = plain(layer, x, kFrames);
  Played played(layer, kernels);
  std::size_t at = 0;
  for (int done = 0; done < kFrames;) {
    const int count = std::min(kFrames - done, 1 + random.below(20));
    const auto from = x.begin() + static_cast<std::ptrdiff_t>(done) * inputs;
    for (float y : played({from, from + static_cast<std::ptrdiff_t>(count) * inputs}, count))
      CHECK(std::fabs(y - expected[at++]) < 3e-6);
    done += count;
  }
}

// Gates driven far beyond where they saturate, and by what is no number, stay gates.
void broken_samples_do_not_stay(const RecurrentKernels& kernels, Cell cell) {
  Random random(9);
  const Layer layer = random_layer(random, cell, 1, 8);
  Played played(layer, kernels);
  const float huge = std::numeric_limits<float>::max();
  for (float y : played({huge, -huge, 1e30f, std::numeric_limits<float>::infinity(), std::nanf("")}, 5))
    CHECK(std::fabs(y) <= 1.0f);
  const std::vector<float> silence(400, 0.0f);
  for (float y : played(silence, 400)) CHECK(std::fabs(y) <= 1.0f);
}

using Shapes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

// An LSTM of 2 units that hears 1 channel, with zeros for weights, whose tensors have these shapes besides.
std::unique_ptr<Operation> make(const std::string& attributes, const Shapes& shapes, int channels = 1, float c = 0.0f) {
  Tensors tensors;
  std::string names;
  const Shapes right = {{"weight_ih", {8, 1}}, {"weight_hh", {8, 2}}, {"bias_ih", {8}},
                        {"bias_hh", {8}},      {"initial_h", {2}},    {"initial_c", {2}}};
  for (const auto& [name, shape] : right) {
    const auto given = std::find_if(shapes.begin(), shapes.end(), [&](const auto& row) { return row.first == name; });
    Tensor tensor;
    tensor.shape = given == shapes.end() ? shape : given->second;
    std::int64_t count = 1;
    for (std::int64_t n : tensor.shape) count *= n;
    tensor.data.assign(static_cast<std::size_t>(count), name == "initial_c" ? c : 0.0f);
    if (!tensor.shape.empty()) tensors[name] = tensor;
    names += (names.empty() ? "\"" : ",\"") + name + "\":\"" + name + "\"";
  }
  const Json node = Json::parse("{\"attributes\":{" + attributes + "},\"weights\":{" + names + "}}");
  return make_recurrent("lstm", node, tensors, channels);
}

// With zeros for weights every gate is a half: the cell halves with each sample, from where the file says it begins.
void plays_without_taking_memory() {
  const auto lstm = make(R"("inputs":1,"hidden":2)", {}, 1, 0.8f);
  CHECK(lstm->channels == 2);
  lstm->prepare(64);
  std::vector<float> x(64, 0.3f), y(128);
  const Signal input{x.data(), 64, 1};
  const Signal output{y.data(), 64, 2};
  const long before = allocations;
  for (int round = 0; round < 2; ++round) {
    double c = 0.8;
    for (int frames : {1, 2, 3, 7}) {
      lstm->process(&input, output, frames);
      for (int t = 0; t < frames; ++t) {
        c *= 0.5;
        for (int unit : {0, 1}) CHECK(std::fabs(output.row(unit)[t] - 0.5 * std::tanh(c)) < 3e-7);
      }
    }
    lstm->reset();
  }
  CHECK(allocations == before);
}

void refused(const std::string& attributes, const Shapes& shapes, int channels = 1) {
  try {
    make(attributes, shapes, channels);
  } catch (const FileError&) {
    return;
  }
  CHECK(!"a layer that makes no sense was made");
}

void files_that_make_no_sense() {
  const std::string right = R"("inputs":1,"hidden":2)";
  CHECK(make_recurrent("tanh", Json(), {}, 1) == nullptr);
  refused(right, {}, 2);
  for (const char* attributes :
       {R"("hidden":2)", R"("inputs":1)", R"("inputs":0,"hidden":2)", R"("inputs":1,"hidden":0)", R"("inputs":1,"hidden":3)",
        R"("inputs":1,"hidden":-1)", R"("inputs":1,"hidden":1e9)", R"("inputs":1,"hidden":2.5)", R"("inputs":1,"hidden":"2")"})
    refused(attributes, {});
  for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "initial_h", "initial_c"})
    for (const std::vector<std::int64_t>& shape :
         {std::vector<std::int64_t>{}, {1}, {8, 3}, {2, 8}, {4, 2, 2}, {8, 0}, {0}})
      refused(right, {{name, shape}});
}

}  // namespace

int main() {
  int tried = 0;
  for (int width : {16, 8, 4}) {
    if (!kernels_of_width(width)) continue;
    ++tried;
    const RecurrentKernels& kernels = recurrent_kernels(width);
    CHECK(kernels.width == width);
    for (Cell cell : {Cell::kLstm, Cell::kGru}) {
      for (int hidden = 1; hidden <= 57; ++hidden) equals_the_plain_loop(kernels, cell, 1 + hidden % 3, hidden);
      equals_the_plain_loop(kernels, cell, 20, 100);
      equals_the_plain_loop(kernels, cell, 150, 43);
      broken_samples_do_not_stay(kernels, cell);
    }
  }
  CHECK(tried >= 1);
  plays_without_taking_memory();
  files_that_make_no_sense();
  std::printf("recurrent: all is well at %d widths\n", tried);
}
