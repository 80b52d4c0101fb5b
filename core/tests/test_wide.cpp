// Convolutions of many channels, strided and transposed ones give what the plainest loop in double gives: by themselves
// in any shape, and in whole graphs in any blocks, which take no memory.
#include "wide.h"

#include <algorithm>

#include "node.h"
#include "tonewright/graph.h"

using namespace tonewright;

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Rows of noise that end where the contract lets a kernel read and write: after so many samples of the past, at the
// next multiple of kRowStep.
struct Noise {
  std::vector<float> samples;
  Signal signal;

  Noise(Random& random, int channels, int frames, int past = 0) {
    const std::size_t stride = at(past) + padded(at(frames));
    samples = random.noise(stride * at(channels));
    signal = {samples.data(), stride, channels};
  }
};

double leaky(double x, float slope) { return x > 0.0 ? x : static_cast<double>(slope) * x; }

struct Term {
  Noise x;
  int taps, dilation;
  std::vector<float> weight;  // [lane][input][tap]

  double heard_by(int lane, int from, float slope) const {
    const int inputs = x.signal.channels;
    double sum = 0.0;
    for (int i = 0; i < inputs; ++i)
      for (int k = 0; k < taps; ++k)
        sum += static_cast<double>(weight[at((lane * inputs + i) * taps + k)]) *
               leaky(x.signal.row(i)[from + k * dilation], slope);
    return sum;
  }
};

struct Shape {
  int lanes, step, spread, frames, terms;
  bool adds, bends, deep;  // deep: so much to hear that few frames are put in order at once
};

// The class by itself, in the width of the environment or the widest.
void equals_the_plain_loop(Random& random, const Shape& s) {
  const float slope = random.below(2) ? 1.0f : 0.2f;
  std::vector<Term> terms;
  for (int i = 0; i < s.terms; ++i) {
    const int inputs = 1 + random.below(s.deep ? 2 : 40), dilation = 1 + random.below(9);
    const int taps = s.deep ? 33000 : 1 + random.below(6);
    Noise x(random, inputs, s.frames * s.step, (taps - 1) * dilation);
    terms.push_back({std::move(x), taps, dilation, random.noise(at(s.lanes * inputs * taps))});
  }
  std::vector<Wide::Term> shapes;
  std::vector<Signal> sources;
  for (Term& term : terms) {
    shapes.push_back({term.x.signal.channels, term.taps, term.dilation, term.weight.data()});
    sources.push_back(term.x.signal);
  }
  const std::vector<float> bias = random.noise(at(s.lanes));
  Wide wide(shapes, bias.data(), s.lanes, {s.step, s.spread, slope});
  wide.prepare(s.frames);
  const int channels = (s.lanes + s.spread - 1) / s.spread;
  Noise y(random, channels, s.frames * s.spread), addend(random, channels, s.frames);
  Finish finish;
  if (s.adds) finish.addend = &addend.signal;
  if (s.bends) finish.activation = Unary::kLeakyRelu, finish.slope = 0.3f;
  const long before = allocations;
  wide.process(sources.data(), finish, y.signal, s.frames);
  CHECK(allocations == before);
  for (int lane = 0; lane < s.lanes; ++lane)
    for (int t = 0; t < s.frames; ++t) {
      double sum = bias[at(lane)], size = 1.0;
      for (const Term& term : terms) {
        sum += term.heard_by(lane, t * s.step, slope);
        size += term.x.signal.channels * term.taps;
      }
      if (s.adds) sum += static_cast<double>(addend.signal.row(lane)[t]);
      if (s.bends) sum = leaky(sum, 0.3f);
      const float made = y.signal.row(lane / s.spread)[t * s.spread + lane % s.spread];
      CHECK(std::fabs(made - sum) < (s.deep ? 1e-2 : 3e-7 * size));
    }
}

void any_shape() {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const int spread = random.below(3) ? 1 : 1 + random.below(17), lanes = spread * (1 + random.below(spread > 1 ? 9 : 150));
    const bool plain = spread == 1;
    equals_the_plain_loop(random, {lanes, random.below(2) ? 1 : 1 + random.below(5), spread, 1 + random.below(70),
                                   1 + random.below(2), plain && random.below(2), plain && random.below(2), false});
  }
  equals_the_plain_loop(random, {3, 1, 1, 11, 1, false, false, true});
  equals_the_plain_loop(random, {2, 2, 1, 19, 3, true, true, true});
}

// Several channels through a graph, in one piece or in random blocks.
std::vector<float> played_in_blocks(Graph& graph, const std::vector<float>& x, int inputs, int most, Random& random) {
  const int frames = static_cast<int>(x.size()) / inputs, made = frames * graph.up() / graph.down();
  graph.prepare(most);
  graph.reset();
  std::vector<float> y(at(made * graph.output_channels()));
  std::vector<const float*> in(at(inputs));
  std::vector<float*> out(at(graph.output_channels()));
  const long before = allocations;
  for (int done = 0; done < frames;) {
    const int count = std::min((frames - done) / graph.block(), 1 + random.below(most / graph.block())) * graph.block();
    for (int c = 0; c < inputs; ++c) in[at(c)] = x.data() + c * frames + done;
    for (int c = 0; c < graph.output_channels(); ++c) out[at(c)] = y.data() + c * made + done * graph.up() / graph.down();
    const float* const* ins[1] = {in.data()};
    graph.process(ins, out.data(), count);
    done += count;
  }
  CHECK(allocations == before);
  return y;
}

ToneFile file_of(const std::string& nodes, int output, const std::vector<Weights>& weights) {
  const auto bytes = tone_bytes(header_of(nodes, output), weights);
  return ToneFile::parse(bytes.data(), bytes.size());
}

struct Drawn {
  int inputs, outputs, kernel, stride, groups, dilation, memory;

  std::string node(const std::string& op) const {
    return ",{\"op\":\"" + op + "\",\"inputs\":[0],\"attributes\":{\"inputs\":" + std::to_string(inputs) + ",\"outputs\":" +
           std::to_string(outputs) + ",\"dilation\":" + std::to_string(dilation) + ",\"stride\":" + std::to_string(stride) +
           ",\"groups\":" + std::to_string(groups) + ",\"memory\":" + std::to_string(memory) +
           "},\"weights\":{\"weight\":\"w\",\"bias\":\"b\"}}";
  }
  std::string shape(int a, int b) const {
    return "[" + std::to_string(a) + "," + std::to_string(b) + "," + std::to_string(kernel) + "]";
  }
};

constexpr int kFrames = 240;

void strided_equals_the_plain_loop(const Drawn& l) {
  Random random(static_cast<std::uint64_t>(l.outputs * 100 + l.stride));
  const int heard = l.inputs / l.groups, made = l.outputs / l.groups;
  const std::vector<Weights> weights = {{"w", l.shape(l.outputs, heard), random.noise(at(l.outputs * heard * l.kernel))},
                                        {"b", "[" + std::to_string(l.outputs) + "]", random.noise(at(l.outputs))}};
  Graph graph(file_of(input_node("x", l.inputs) + l.node("conv1d"), 1, weights));
  const std::vector<float> x = random.noise(at(l.inputs * kFrames));
  for (int most : {l.stride, 60, kFrames}) {
    const std::vector<float> y = played_in_blocks(graph, x, l.inputs, most, random);
    for (int o = 0; o < l.outputs; ++o)
      for (int t = 0; t < kFrames / l.stride; ++t) {
        double sum = weights[1].data[at(o)];
        for (int i = 0; i < heard; ++i)
          for (int k = 0; k < l.kernel; ++k) {
            const int from = t * l.stride - l.memory + k * l.dilation;
            if (from < 0) continue;
            sum += static_cast<double>(weights[0].data[at((o * heard + i) * l.kernel + k)]) *
                   x[at((o / made * heard + i) * kFrames + from)];
          }
        CHECK(std::fabs(y[at(o * (kFrames / l.stride) + t)] - sum) < 4e-7 * (2.0 + heard * l.kernel));
      }
  }
}

void transposed_equals_the_plain_loop(const Drawn& l) {
  Random random(static_cast<std::uint64_t>(l.outputs * 100 + l.stride));
  const int heard = l.inputs / l.groups, made = l.outputs / l.groups, long_ = kFrames * l.stride;
  const std::vector<Weights> weights = {{"w", l.shape(l.inputs, made), random.noise(at(l.inputs * made * l.kernel))},
                                        {"b", "[" + std::to_string(l.outputs) + "]", random.noise(at(l.outputs))}};
  Graph graph(file_of(input_node("x", l.inputs) + l.node("conv_transpose1d"), 1, weights));
  const std::vector<float> x = random.noise(at(l.inputs * kFrames));
  std::vector<double> want(at(l.outputs * long_));
  for (int o = 0; o < l.outputs; ++o) {
    std::fill_n(want.begin() + o * long_, long_, static_cast<double>(weights[1].data[at(o)]));
    for (int i = 0; i < heard; ++i)
      for (int t = 0; t < kFrames; ++t)
        for (int k = 0; k < l.kernel && t * l.stride + k < long_; ++k) {
          const int input = o / made * heard + i;
          const float weight = weights[0].data[at((input * made + o % made) * l.kernel + k)];
          want[at(o * long_ + t * l.stride + k)] += static_cast<double>(weight) * x[at(input * kFrames + t)];
        }
  }
  for (int most : {1, 7, kFrames}) {
    const std::vector<float> y = played_in_blocks(graph, x, l.inputs, most, random);
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::fabs(y[i] - want[i]) < 4e-7 * (2.0 + heard * l.kernel));
  }
}

// x + 1x1(leaky(dilated(leaky(x)))), which fuses in one way or another, and a second one that hears what the first made.
void residual_units(int channels) {
  Random random(static_cast<std::uint64_t>(channels));
  std::vector<Weights> weights;
  std::string nodes = input_node("x", channels);
  const std::string square = std::to_string(channels) + "," + std::to_string(channels);
  const float size = 1.0f / std::sqrt(static_cast<float>(channels));
  for (int unit = 0; unit < 2; ++unit)
    for (int taps : {3, 1}) {
      std::vector<float> weight = random.noise(at(channels * channels * taps));
      for (float& w : weight) w *= size;
      const std::string name(1, static_cast<char>('a' + weights.size()));
      weights.push_back({name, "[" + square + "," + std::to_string(taps) + "]", std::move(weight)});
    }
  for (int unit = 0, x = 0; unit < 2; ++unit, x += 5) {
    const int dilation = 1 + 2 * unit;
    nodes += "," + glue_node("leaky_relu", std::to_string(x), R"({"slope":0.2})");
    nodes += "," + conv_node(x + 1, channels, channels, dilation, 2 * dilation, weights[at(2 * unit)].name);
    nodes += "," + glue_node("leaky_relu", std::to_string(x + 2), R"({"slope":0.2})");
    nodes += "," + conv_node(x + 3, channels, channels, 1, 0, weights[at(2 * unit + 1)].name);
    nodes += "," + glue_node("add", std::to_string(x + 4) + "," + std::to_string(x));
  }
  Graph graph(file_of(nodes, 10, weights));
  const std::vector<float> x = random.noise(at(channels * kFrames));
  std::vector<double> want(x.begin(), x.end());
  for (int unit = 0; unit < 2; ++unit) {
    const int dilation = 1 + 2 * unit;
    const std::vector<float>&first = weights[at(2 * unit)].data, &second = weights[at(2 * unit + 1)].data;
    std::vector<double> after = want;
    for (int t = 0; t < kFrames; ++t) {
      std::vector<double> between(at(channels));
      for (int o = 0; o < channels; ++o) {
        for (int i = 0; i < channels; ++i)
          for (int k = 0; k < 3; ++k) {
            const int from = t - (2 - k) * dilation;
            if (from < 0) continue;
            const float weight = first[at((o * channels + i) * 3 + k)];
            between[at(o)] += static_cast<double>(weight) * leaky(want[at(i * kFrames + from)], 0.2f);
          }
      }
      for (int o = 0; o < channels; ++o)
        for (int i = 0; i < channels; ++i)
          after[at(o * kFrames + t)] += static_cast<double>(second[at(o * channels + i)]) * leaky(between[at(i)], 0.2f);
    }
    want = after;
  }
  for (int most : {1, 5, 16, kFrames}) {
    const std::vector<float> y = played_in_blocks(graph, x, channels, most, random);
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(std::fabs(y[i] - want[i]) < 1e-5);
  }
}

// With more weights than the nearest cache holds, the pieces of a long block are longer.
void long_pieces_are_the_same() {
  constexpr int kWidth = 300, kLong = 5000;
  Random random(6);
  std::vector<Weights> weights = {{"a", "[300,1,8]", random.noise(kWidth * 8)},
                                  {"b", "[300,300,3]", random.noise(kWidth * kWidth * 3)},
                                  {"c", "[1,300,1]", random.noise(kWidth)}};
  for (float& w : weights[1].data) w *= 0.03f;
  const std::string nodes = input_node() + "," + conv_node(0, 1, kWidth, 1, 0, "a", 8) + "," +
                            conv_node(1, kWidth, kWidth, 7, 14, "b") + "," + conv_node(2, kWidth, 1, 1, 0, "c");
  Graph graph(file_of(nodes, 3, weights));
  const std::vector<float> x = random.noise(kLong);
  const std::vector<float> y = played_in_blocks(graph, x, 1, 40, random);
  graph.prepare(kLong);
  graph.reset();
  std::vector<float> whole(y.size());
  const float *in = x.data(), *const* ins[1] = {&in};
  float* out = whole.data();
  graph.process(ins, &out, kLong);
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::fabs(y[i] - whole[i]) < 1e-4);
}

}  // namespace

int main() {
  any_shape();
  for (const Drawn& l : {Drawn{1, 16, 100, 16, 1, 1, 84}, {3, 5, 7, 2, 1, 3, 17}, {6, 9, 4, 3, 3, 2, 4}, {40, 100, 8, 4, 1, 1, 4},
                         {33, 49, 3, 1, 1, 5, 10}, {64, 200, 1, 1, 1, 1, 0}, {12, 12, 5, 5, 12, 1, 0}, {96, 96, 3, 1, 2, 1, 2}})
    strided_equals_the_plain_loop(l);
  for (const Drawn& l : {Drawn{16, 1, 100, 16, 1, 1, 6}, {5, 3, 7, 3, 1, 1, 2}, {6, 9, 4, 2, 3, 1, 1}, {40, 50, 4, 2, 1, 1, 1},
                         {2, 2, 5, 1, 1, 1, 4}, {1, 1, 60, 60, 1, 1, 0}})
    transposed_equals_the_plain_loop(l);
  for (int channels : {8, 48, 64, 97, 128}) residual_units(channels);
  long_pieces_are_the_same();
  std::puts("wide: all is well");
}
