// A long filter gives what a sum over all taps in double gives, for blocks of any size and at every width; it forgets,
// takes no memory while it plays, and refuses files that make no sense.
#include <algorithm>
#include <memory>

#include "allocations.h"
#include "check.h"
#include "fft.h"
#include "kernels.h"
#include "tonewright/graph.h"

using namespace tonewright;

namespace {

using Sound = std::vector<std::vector<float>>;  // [channel][sample]

std::size_t index(int i) { return static_cast<std::size_t>(i); }

std::string node(const std::string& taps, const std::string& weights = R"("response":"r")",
                 const std::string& inputs = "0") {
  return R"({"op":"long_fir","inputs":[)" + inputs + R"(],"attributes":{"taps":)" + taps +
         R"(},"weights":{)" + weights + "}}";
}

// An input, and these nodes, with a line for each; its only tensor is the response.
ToneFile file_of(const std::string& nodes, const std::vector<float>& response, int channels = 1,
                 std::string shape = "") {
  const std::string input = R"({"op":"input","inputs":[],"attributes":{"port":"x","channels":)" +
                            std::to_string(channels) + R"(},"weights":{}},)";
  const int last = 1 + static_cast<int>(std::count(nodes.begin(), nodes.end(), '\n'));
  if (shape.empty()) shape = "[" + std::to_string(response.size()) + "]";
  const std::vector<std::uint8_t> bytes = tone_bytes(header_of(input + nodes, last), {{"r", shape, response}});
  return ToneFile::parse(bytes.data(), bytes.size());
}

std::vector<float> decaying(Random& random, int taps) {
  std::vector<float> response = random.noise(index(taps));
  for (std::size_t k = 0; k < response.size(); ++k)
    response[k] *= std::exp(-4.0f * static_cast<float>(k) / static_cast<float>(taps));
  return response;
}

Sound noise(Random& random, int channels, int frames) {
  Sound x;
  for (int c = 0; c < channels; ++c) x.push_back(random.noise(index(frames)));
  return x;
}

double plain(const std::vector<float>& response, const std::vector<float>& x, std::size_t t) {
  double sum = 0.0;
  for (std::size_t k = 0; k <= std::min(t, response.size() - 1); ++k)
    sum += static_cast<double>(response[k]) * x[t - k];
  return sum;
}

// In blocks of 1 to `longest`.
Sound play(Graph& graph, const Sound& x, Random& random, int longest) {
  Sound y = x;
  const int frames = static_cast<int>(x[0].size());
  std::vector<const float*> in(x.size());
  std::vector<float*> out(x.size());
  const long before = allocations;
  for (int at = 0, count; at < frames; at += count) {
    count = std::min(frames - at, 1 + random.below(longest));
    for (std::size_t c = 0; c < x.size(); ++c) {
      in[c] = x[c].data() + at;
      out[c] = y[c].data() + at;
    }
    const float* const* input = in.data();
    graph.process(&input, out.data(), count);
  }
  CHECK(allocations == before);
  return y;
}

void equals_the_plain_sum(int taps, int channels, int frames) {
  Random random(static_cast<std::uint64_t>(10 * taps + channels));
  const std::vector<float> response = decaying(random, taps);
  Graph graph(file_of(node(std::to_string(taps)), response, channels));
  graph.prepare(300);
  const Sound x = noise(random, channels, frames);
  const Sound y = play(graph, x, random, 300);
  for (std::size_t c = 0; c < x.size(); ++c) {
    double peak = 0.0, error = 0.0;
    for (std::size_t t = 0; t < index(frames); t += 1 + index(random.below(frames > 2000 ? 40 : 2))) {
      const double wanted = plain(response, x[c], t);
      peak = std::max(peak, std::fabs(wanted));
      error = std::max(error, std::fabs(y[c][t] - wanted));
    }
    CHECK(error < 1e-6 * peak);
  }
  for (int longest : {1, 77}) {  // the same to the bit, whatever the blocks, and as new after a reset
    graph.reset();
    CHECK(play(graph, x, random, longest) == y);
  }
}

// An impulse comes out as the response, from the first sample on: nothing is late.
void an_impulse_is_the_response() {
  Random random(3);
  const std::vector<float> response = decaying(random, 9000);
  Graph graph(file_of(node("9000"), response));
  graph.prepare(64);
  for (std::size_t start : {0, 1, 127, 128, 2047, 2048, 3000}) {
    Sound x(1, std::vector<float>(12500, 0.0f));
    x[0][start] = 1.0f;
    graph.reset();
    const Sound y = play(graph, x, random, 64);
    for (std::size_t t = 0; t < x[0].size(); ++t) {
      const bool sounds = t >= start && t - start < response.size();
      CHECK(std::fabs(y[0][t] - (sounds ? response[t - start] : 0.0f)) < 1e-6f);
    }
  }
}

// The product of two spectra, transformed back, is the product of the frames whose end comes back negated.
void transforms(std::size_t half) {
  Random random(half);
  Fft fft(half);
  const std::vector<float> x = random.noise(2 * half);
  std::vector<float> h = random.noise(2 * half), y(half);
  std::fill(h.begin() + static_cast<std::ptrdiff_t>(half), h.end(), 0.0f);
  Floats spectrum(2 * half), other(2 * half), sum(2 * half);
  fft.forward(x.data(), spectrum.data());
  const double pi = std::acos(-1.0);
  double error = 0.0;
  for (std::size_t k = 0; k < half; k += 1 + half / 64) {
    double re = 0.0, im = 0.0;
    for (std::size_t n = 0; n < 2 * half; ++n) {
      const std::size_t turns = (4 * k + 4 * half - 1) * n % (4 * half);
      const double angle = pi * static_cast<double>(turns) / static_cast<double>(2 * half);
      re += x[n] * std::cos(angle);
      im -= x[n] * std::sin(angle);
    }
    error = std::max({error, std::fabs(re - spectrum[k]), std::fabs(im - spectrum[half + k])});
  }
  CHECK(error < 1e-6 * std::sqrt(static_cast<double>(half)) * 3.0);
  fft.forward(h.data(), other.data());
  for (const FftKernels* kernels : {&fft_kernels(16), &fft_kernels(8), &fft_kernels(4)}) {
    if (!kernels_of_width(kernels->width)) continue;
    std::fill(sum.begin(), sum.end(), 0.0f);
    kernels->add_product(spectrum.data(), other.data(), sum.data(), half);
    fft.late(sum.data(), y.data());
    double peak = 0.0, worst = 0.0;
    for (std::size_t n = 0; n < half; ++n) {
      double wanted = 0.0;
      for (std::size_t k = 0; k < half; ++k) wanted += static_cast<double>(h[k]) * x[half + n - k];
      peak = std::max(peak, std::fabs(wanted));
      worst = std::max(worst, std::fabs(y[n] - wanted));
    }
    CHECK(worst < 1e-6 * peak);
  }
}

void refused(const std::string& nodes, std::size_t taps, const std::string& shape = "", int channels = 1) {
  try {
    Graph graph(file_of(nodes, std::vector<float>(taps, 0.5f), channels, shape));
  } catch (const FileError&) {
    return;
  }
  CHECK(!"a filter that makes no sense was made");
}

void files_that_make_no_sense() {
  for (const char* taps : {"0", "-1", "2", "4", "2.5", "1e9", "\"3\"", "null"}) refused(node(taps), 3);
  refused(node("3", ""), 3);
  refused(node("3", R"("response":"q")"), 3);
  refused(node("3", R"("response":3)"), 3);
  refused(node("3", R"("response":"r")", ""), 3);
  refused(node("3", R"("response":"r")", "0,0"), 3);
  for (const char* shape : {"[3,1]", "[1,3]", "[1,1,3]"}) refused(node("3"), 3, shape);
  refused(node("1048577"), 1048577);
  refused(node("1048576"), 1048576, "", 16);  // too much to remember
  std::string many = node("1048576");
  for (int i = 1; i < 9; ++i) many += ",\n" + node("1048576", R"("response":"r")", std::to_string(i));
  refused(many, 1048576);
  Graph allowed(file_of(node("1048576"), std::vector<float>(1048576, 0.5f)));
  allowed.prepare(64);
}

}  // namespace

int main() {
  for (int taps : {1, 2, 63, 127, 128, 129, 255, 256, 257, 500}) equals_the_plain_sum(taps, 1 + taps % 3, 1500);
  for (int taps : {2048, 4095, 4096, 4097, 6144, 6145, 20000}) equals_the_plain_sum(taps, 1 + taps % 2, 30000);
  an_impulse_is_the_response();
  for (std::size_t half : {16, 32, 64, 128, 256, 512, 1024, 2048, 4096}) transforms(half);
  files_that_make_no_sense();
  std::printf("long_fir: all is well\n");
}
