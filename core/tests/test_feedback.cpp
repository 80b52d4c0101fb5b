// A loop gives what it gives on paper: any graph inside, any blocks, any width; it goes on from a past that it is
// given; it takes no memory while it plays; and files that make no sense are refused.
#include "allocations.h"
#include "dense.h"
#include "feedback_models.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Glue after `from`, all kinds in turn, none of which leaves the range of ordinary numbers.
int some_glue(Nodes& nodes, Random& random, int from, int kind) {
  const auto one = [&](const char* op) { return nodes.glue(op, {from}); };
  const auto size = [&](double least) { return nodes.glue("add", {one("abs"), nodes.number(least)}); };
  const int other = random.below(2) ? nodes.constant(nodes.channels(from), 1.0f) : nodes.number(0.3);
  switch (kind % 18) {
    case 0: return one("tanh");
    case 1: return one("sigmoid");
    case 2: return one("relu");
    case 3: return nodes.glue("leaky_relu", {from}, "{\"slope\":0.1}");
    case 4: return one("softsign");
    case 5: return one("gelu");
    case 6: return one("neg");
    case 7: return nodes.glue("log", {size(0.5)});
    case 8: return nodes.glue("exp", {nodes.glue("neg", {one("abs")})});
    case 9: return nodes.glue("add", {from, other});
    case 10: return nodes.glue("sub", {other, from});
    case 11: return nodes.glue("mul", {from, other});
    case 12: return nodes.glue("div", {from, size(0.7)});
    case 13: return nodes.glue("maximum", {from, other});
    case 14: return nodes.glue("minimum", {other, from});
    case 15: return nodes.glue("cat", {from, from, other});
    case 16: {
      const int channels = nodes.channels(from), start = random.below(channels);
      return nodes.slice(from, start, start + 1 + random.below(channels - start));
    }
    default: {
      const int first = nodes.slice(from, nodes.channels(from) - 1, nodes.channels(from));
      return nodes.glue("mul", {nodes.glue("tanh", {first}), from});
    }
  }
}

// A loop of random layers and glue.
std::vector<std::uint8_t> random_model(std::uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 20; ++i) random.next();
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  const int played = outer.input("x", 1);
  const int heard = outer.conv(played, 1 + random.below(70), 1 + random.below(9), 1 + random.below(3), 1.0f, true);
  const int outputs = 1 + random.below(3), x = inner.input("x", outer.channels(heard)), y = inner.input("y", outputs);
  int at = some_glue(inner, random, y, static_cast<int>(seed));
  const int first = random.below(4) ? inner.channels(x) : 1, taps = 1 + random.below(random.below(2) ? 20 : 90);
  const int lookahead = random.below(random.below(2) ? 3 : 30);
  at = inner.conv(at, first, taps, 1 + random.below(3), 1.0f, random.below(2), false, lookahead);
  at = inner.glue("add", {random.below(2) ? at : x, random.below(2) ? at : x});
  for (int layers = random.below(4); layers > 0; --layers) {
    at = some_glue(inner, random, at, random.below(18));
    const bool remembers = random.below(3) == 0;
    const int made = 1 + random.below(random.below(3) ? 300 : 40);
    const int taps = remembers ? 1 + random.below(random.below(4) ? 4 : 40) : 1;
    const int dilation = remembers ? 1 + random.below(3) : 1;
    at = inner.conv(at, made, taps, dilation, 1.0f, random.below(2), random.below(2), remembers);
    if (random.below(2)) at = inner.glue("add", {inner.constant(inner.channels(at), 0.2f), at});
  }
  at = inner.glue("add", {inner.conv(at, outputs, 1, 1, 0.7f, true), inner.slice(x, 0, 1)});
  at = inner.glue("mul", {inner.glue("tanh", {at}), inner.number(0.8)});
  const int loop = outer.feedback(heard, outputs, inner, at);
  if (outputs > 1) outer.conv(loop, 1, 2, 1, 1.0f, true);
  return tone_bytes(header_of(outer.json(), outer.last()), weights);
}

ToneFile read(const std::vector<std::uint8_t>& bytes) { return ToneFile::parse(bytes.data(), bytes.size()); }

// In blocks of `size`, or random ones when it is 0.
std::vector<float> play(Player& player, const std::vector<float>& x, int size) {
  Random random(4);
  std::vector<float> y(x.size());
  const auto total = static_cast<int>(x.size());
  for (int at = 0; at < total;) {
    const int count = std::min(total - at, size ? size : 1 + random.below(150));
    player.process(x.data() + at, y.data() + at, count);
    at += count;
  }
  return y;
}

double on_paper(OnPaper& paper, float x, const double* given = nullptr) {
  return paper.play({{"x", {static_cast<double>(x)}}}, given)[0];
}

void equals_paper(const std::vector<std::uint8_t>& bytes, int frames, const std::vector<int>& blocks) {
  const ToneFile file = read(bytes);
  OnPaper paper(file.header.at("graph"), file);
  const std::vector<float> x = Random(5).noise(static_cast<std::size_t>(frames));
  std::vector<double> expected;
  for (float sample : x) expected.push_back(on_paper(paper, sample));
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  CHECK(*high - *low > 0.01);
  Player player(file);
  player.prepare(150);
  for (int block : blocks) {
    player.reset();
    const std::vector<float> y = play(player, x, block);
    for (std::size_t t = 0; t < x.size(); ++t) CHECK(std::fabs(y[t] - expected[t]) < 2e-5);
  }
}

void any_loop_equals_paper() {
  for (std::uint64_t seed = 0; seed < 180; ++seed) equals_paper(random_model(seed), 300, {1, 7, 64, 0});
  for (int width : {1, 16, 31, 96, 256})
    for (bool halves : {false, true}) equals_paper(feedback_model({32, width, 2, halves}), 150, {64, 0});
  equals_paper(feedback_model({2, 8, 0, false}), 400, {1, 64});
}

// The outputs that were given, and after them what paper makes of that past.
void goes_on_from_what_is_given(const std::vector<std::uint8_t>& bytes) {
  const ToneFile file = read(bytes);
  OnPaper paper(file.header.at("graph"), file);
  Player player(file);
  if (!player.can_prime()) return;
  player.prepare(150);
  Random random(6);
  const std::vector<float> x = random.noise(300), given = random.noise(300);
  std::vector<float> y(x.size());
  player.process(x.data(), y.data(), 7);
  player.reset();
  player.process(x.data(), y.data(), 20);
  player.prime(x.data() + 20, given.data() + 20, 80);
  player.prime(x.data() + 100, given.data() + 100, 1);
  player.process(x.data() + 101, y.data() + 101, 199);
  for (std::size_t t = 0; t < x.size(); ++t) {
    const double past = given[t];
    const bool primed = t >= 20 && t < 101;
    const double expected = on_paper(paper, x[t], primed ? &past : nullptr);
    if (!primed) CHECK(std::fabs(y[t] - expected) < 2e-5);
  }
}

void a_past_can_be_given() {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 90; ++seed) {
    const std::vector<std::uint8_t> bytes = random_model(seed);
    tried += Player(read(bytes)).can_prime();
    goes_on_from_what_is_given(bytes);
  }
  CHECK(tried > 10 && tried < 90);
  goes_on_from_what_is_given(feedback_model({32, 32, 2, false}));
}

// Priming is for a loop that comes out as it is; elsewhere it does nothing.
void only_a_last_loop_can_be_given_a_past() {
  Random random(1);
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  inner.glue("add", {inner.input("x", 1), inner.input("y", 1)});
  outer.glue("neg", {outer.feedback(outer.input("x", 1), 1, inner, 2)});
  Player player(read(tone_bytes(header_of(outer.json(), 2), weights)));
  CHECK(!player.can_prime());
  player.prepare(16);
  const std::vector<float> ones(16, 1.0f);
  player.prime(ones.data(), ones.data(), 16);
  float y = 0.0f;
  player.process(ones.data(), &y, 1);
  CHECK(y == -1.0f);
}

// What comes out of a model of blocks lies a block behind what its loop made.
void a_loop_behind_blocks_cannot_be_given_a_past() {
  Random random(1);
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  inner.glue("add", {inner.input("x", 1), inner.input("y", 1)});
  outer.feedback(outer.input("x", 1), 1, inner, 2);
  std::string header = header_of(outer.json(), 1);
  CHECK(Player(read(tone_bytes(header, weights))).can_prime());
  header.replace(header.find("\"block\":1"), 9, "\"block\":4");
  Player player(read(tone_bytes(header, weights)));
  CHECK(!player.can_prime());
  player.prepare(16);
  const std::vector<float> ones(16, 1.0f);
  player.prime(ones.data(), ones.data(), 3);
  std::vector<float> y(4);
  player.process(ones.data(), y.data(), 4);
  CHECK(y[2] == 0.0f && y[3] == 1.0f);
}

void takes_no_memory() {
  Player player(read(feedback_model({128, 64, 2, true})));
  player.prepare(64);
  const std::vector<float> x = Random(7).noise(64);
  std::vector<float> y(64);
  const long before = allocations;
  for (int i = 0; i < 40; ++i) {
    player.process(x.data(), y.data(), 1 + i);
    player.prime(x.data(), y.data(), 1 + i);
    if (i % 10 == 0) player.reset();
  }
  CHECK(allocations == before);
}

// y[t] = 1e30 (x[t] + y[t - 1]) is soon too large for a number; then it is silence, and begins again.
void what_overflows_is_forgotten() {
  Random random(1);
  std::vector<Weights> weights;
  Nodes outer(random, "", weights), inner(random, "loop.", weights);
  const int sum = inner.glue("add", {inner.input("x", 1), inner.input("y", 1)});
  const int large = inner.glue("mul", {sum, inner.number(1e15)});
  inner.glue("mul", {large, inner.number(1e15)});
  outer.feedback(outer.input("x", 1), 1, inner, inner.last());
  Player player(read(tone_bytes(header_of(outer.json(), 1), weights)));
  player.prepare(16);
  std::vector<float> x(16, 0.0f), y(16), expected(16, 0.0f);
  x[3] = x[10] = 2.0f;
  x[11] = NAN;
  expected[3] = expected[10] = 2e30f;
  player.process(x.data(), y.data(), 16);
  for (std::size_t t = 0; t < 16; ++t) CHECK(std::fabs(y[t] - expected[t]) <= 1e-6f * expected[t]);
  x.assign(16, 0.5f);
  const std::vector<float> broken(16, INFINITY);
  player.prime(x.data(), broken.data(), 16);
  player.process(x.data(), y.data(), 1);
  CHECK(std::fabs(y[0] - 0.5e30f) < 1e24f);
}

// The same weights as floats and as halves give the same; what is no half stays as it is.
void halves_are_the_same(const DenseKernels& kernels) {
  Random random(8);
  for (int round = 0; round < 200; ++round) {
    const int outputs = 1 + random.below(round % 4 ? 40 : 300);
    const DenseShape shape{1 + random.below(40), outputs, 1 + random.below(6), 1 + random.below(3)};
    const std::size_t heard = at(shape.inputs * (1 + (shape.taps - 1) * shape.dilation));
    std::vector<float> weights = random.noise(shape.weights());
    for (float& w : weights) w = std::ldexp(std::round(w * 1024.0f), -10 - random.below(14));
    if (round % 5 == 0) weights[weights.size() / 2] = 0.1f;
    const std::vector<float> bias = random.noise(at(outputs)), addend = random.noise(padded(bias.size()));
    const std::vector<float> x = random.noise(heard);
    std::vector<float> plain(padded(bias.size())), packed(plain.size());
    for (bool halves : {false, true}) {
      DenseStore store(kernels.width, halves);
      store.add(shape, weights.data(), bias.data());
      const Dense layer = store.layers()[0];
      CHECK((layer.halves != nullptr) == (halves && round % 5 && !layer.dots));
      kernels.play(layer, layer.bias, 0, x.data(), round % 2 ? addend.data() : nullptr, halves ? packed.data() : plain.data());
    }
    for (int o = 0; o < shape.outputs; ++o) {
      double sum = bias[at(o)] + (round % 2 ? static_cast<double>(addend[at(o)]) : 0.0);
      for (int i = 0; i < shape.inputs; ++i)
        for (int k = 0; k < shape.taps; ++k)
          sum += static_cast<double>(weights[at((o * shape.inputs + i) * shape.taps + k)]) *
                 x[at(k * shape.dilation * shape.inputs + i)];
      CHECK(std::fabs(plain[at(o)] - sum) < 1e-5);
      CHECK(std::fabs(packed[at(o)] - plain[at(o)]) < 1e-6);
    }
  }
}

void every_half_is_known() {
  std::uint16_t half = 0;
  int known = 0;
  for (int sign : {1, -1})
    for (int exponent = -14; exponent <= 15; ++exponent)
      for (int mantissa = exponent == -14 ? 0 : 1024; mantissa < 2048; ++mantissa) {
        const float value = std::ldexp(static_cast<float>(sign * mantissa), exponent - 10);
        const int magnitude = exponent == -14 ? mantissa : (exponent + 14) * 1024 + mantissa;
        const int bits = magnitude + (sign < 0 && mantissa ? 0x8000 : 0);
        CHECK(as_half(value, half) && half == bits);
        CHECK(!as_half(std::nextafter(value, 1e9f), half));
        ++known;
      }
  CHECK(known == 2 * 31 * 1024);
  for (float value : {65536.0f, -1e9f, std::ldexp(1.0f, -25), 0.1f, INFINITY, NAN}) CHECK(!as_half(value, half));
}

bool reads(const std::vector<std::uint8_t>& bytes) {
  try {
    Player player(read(bytes));
    player.prepare(16);
    std::vector<float> x(16, 0.5f), y(16 * 256);
    if (player.up() <= 256) player.process(x.data(), y.data(), 16);
    return true;
  } catch (const FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

// A loop around these nodes, of so many channels in and out.
bool reads_loop(const std::string& nodes, int output, const std::string& facts = R"("inputs":1,"outputs":1)",
                const std::vector<Weights>& weights = {}) {
  const std::string loop = R"({"op":"feedback","inputs":[0],"attributes":{)" + facts + R"(,"graph":{"nodes":[)" + nodes +
                           R"(],"output":)" + std::to_string(output) + R"(}},"weights":{}})";
  return reads(tone_bytes(header_of(input_node() + "," + loop, 1), weights));
}

void files_that_make_no_sense_are_refused() {
  const std::string x = input_node(), y = input_node("y"), both = x + "," + y;
  CHECK(reads_loop(both + "," + glue_node("add", "0,1"), 2));
  CHECK(reads_loop(x, 0));
  CHECK(!reads_loop("", 0));
  CHECK(!reads_loop(both, 2));
  CHECK(!reads_loop(both, -1));
  CHECK(!reads_loop(both + "," + input_node("z"), 0));
  CHECK(!reads_loop(R"({"op":"input","inputs":[],"attributes":{"port":"x","channels":2},"weights":{}},)" + y, 1));
  CHECK(!reads_loop(both + "," + glue_node("add", "0,2"), 2));
  CHECK(!reads_loop(both + "," + glue_node("add", "0"), 2));
  CHECK(!reads_loop(both + "," + glue_node("add", ""), 2));
  CHECK(!reads_loop(both + "," + glue_node("delay", "0", R"({"samples":3})"), 2));
  CHECK(!reads_loop(both + "," + glue_node("slice", "0", R"({"start":0,"stop":2})"), 2));
  CHECK(!reads_loop(both + "," + glue_node("cat", "0,1"), 2));
  for (const char* op : {"lstm", "gru", "conv_transpose1d", "feedback", "filters", "follow", "lag", "phasor",
                         "nothing"})
    CHECK(!reads_loop(both + "," + glue_node(op, "0"), 2));
  for (const char* facts : {R"("inputs":2,"outputs":1)", R"("inputs":1,"outputs":2)", R"("inputs":1,"outputs":0)",
                            R"("inputs":1)", R"("outputs":1)", R"("inputs":1,"outputs":1e9)"})
    CHECK(!reads_loop(both, 0, facts));
  const std::vector<Weights> weights = {{"w", "[1,1,3]", {1, 2, 3}}};
  const std::string right = R"("inputs":1,"outputs":1)";
  CHECK(reads_loop(both + "," + conv_node(1, 1, 1, 1, 2, "w"), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 1, 1, 1, "w"), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 1, 2, 2, "w"), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 1, 1, 2, "w", 2), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 2, 1, 2, "w"), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 1, 1, 2, "v"), 2, right, weights));
  CHECK(!reads_loop(both + "," + conv_node(1, 1, 1, 1, 1 << 24, "w"), 2, right, weights));
}

// Little in the file, and much in memory.
void greedy_files_are_refused() {
  std::string nodes = input_node() + "," + input_node("y"), loops = input_node();
  for (int i = 0; i < 5000; ++i) nodes += "," + glue_node("neg", std::to_string(i + 1));
  CHECK(!reads_loop(nodes, 0));
  nodes = input_node() + "," + input_node("y");
  for (int i = 0; i < 14; ++i) nodes += "," + glue_node("cat", std::to_string(i + 1) + "," + std::to_string(i + 1));
  for (int i = 0; i < 2000; ++i) nodes += "," + glue_node("neg", "15");
  CHECK(!reads_loop(nodes, 0));
  std::vector<Weights> weights = {{"w", "[64,64,16]", std::vector<float>(65536, 0.01f)}};
  nodes = input_node() + "," + input_node("y") + "," + conv_node(0, 1, 64, 1, 0, "v");
  weights.push_back({"v", "[64,1,1]", std::vector<float>(64, 0.01f)});
  for (int i = 0; i < 300; ++i) nodes += "," + conv_node(2, 64, 64, 1, 15, "w");
  CHECK(!reads_loop(nodes, 0, R"("inputs":1,"outputs":1)", weights));
  for (int i = 0; i < 100; ++i)
    loops += R"(,{"op":"feedback","inputs":[0],"attributes":{"inputs":1,"outputs":1,"graph":{"nodes":[)" + input_node() +
             R"(],"output":0}},"weights":{}})";
  CHECK(!reads(tone_bytes(header_of(loops, 1), {})));
}

void damaged_files_never_crash() {
  Random random(9);
  const std::vector<std::uint8_t> whole = random_model(3);
  CHECK(reads(whole));
  const std::size_t header = whole.size() - 4 * read(whole).tensors.size();
  int read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::uint8_t> bytes = whole;
    for (int changes = 1 + random.below(3); changes > 0; --changes)
      bytes[8 + static_cast<std::size_t>(random.below(static_cast<int>(std::min<std::size_t>(header, 6000))))] =
          static_cast<std::uint8_t>("0123456789-,[]{}\"xy"[random.below(19)]);
    read += reads(bytes);
  }
  CHECK(read > 0 && read < 3000);
}

}  // namespace

int main() {
  int tried = 0;
  for (int width : {16, 8, 4}) {
    if (!kernels_of_width(width)) continue;
    ++tried;
    CHECK(dense_kernels(width).width == width);
    if (dense_kernels(width).halves) halves_are_the_same(dense_kernels(width));
  }
  CHECK(tried >= 1);
  every_half_is_known();
  any_loop_equals_paper();
  a_past_can_be_given();
  only_a_last_loop_can_be_given_a_past();
  a_loop_behind_blocks_cannot_be_given_a_past();
  takes_no_memory();
  what_overflows_is_forgotten();
  files_that_make_no_sense_are_refused();
  greedy_files_are_refused();
  damaged_files_never_crash();
  std::printf("feedback: all is well at %d widths, loops at %d\n", tried, kernels().width);
}
