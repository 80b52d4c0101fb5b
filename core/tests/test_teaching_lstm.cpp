// Teaching an LSTM against a plain one in double precision: equal answers, and gradients equal to differences of them.

#include <stdexcept>
#include <thread>

#include "check.h"
#include "tonewright/teaching_lstm.h"

using tonewright::LstmLesson;
using tonewright::LstmShape;

namespace {

using Numbers = std::vector<double>;

constexpr double kScale = 0.5;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// One layer's next sample: x is what it hears, h and c its memory.
const double* step(const double* w, const Numbers& x, double* h, double* c, std::size_t n) {
  const double *ih = w, *hh = ih + 4 * n * x.size(), *bias = hh + 4 * n * n;
  Numbers gates(4 * n);
  for (std::size_t r = 0; r < 4 * n; ++r) {
    gates[r] = bias[r] + bias[4 * n + r];
    for (std::size_t i = 0; i < x.size(); ++i) gates[r] += ih[r * x.size() + i] * x[i];
    for (std::size_t i = 0; i < n; ++i) gates[r] += hh[r * n + i] * h[i];
  }
  for (std::size_t u = 0; u < n; ++u) {
    c[u] = sigmoid(gates[n + u]) * c[u] + sigmoid(gates[u]) * std::tanh(gates[2 * n + u]);
    h[u] = sigmoid(gates[3 * n + u]) * std::tanh(c[u]);
  }
  return bias + 8 * n;
}

// One sound, [width][samples]; the state becomes that after it.
Numbers play(const LstmShape& shape, const Numbers& weights, const float* condition, Numbers& state,
             std::size_t samples) {
  const auto n = static_cast<std::size_t>(shape.hidden), width = static_cast<std::size_t>(shape.width);
  Numbers y;
  for (std::size_t t = 0; t < samples; ++t) {
    Numbers x;
    for (std::size_t i = 0; i < width; ++i) x.push_back(condition[i * samples + t]);
    const double* w = weights.data();
    double* h = state.data();
    for (int l = 0; l < shape.layers; ++l, h += 2 * n) {
      w = step(w, x, h, h + n, n);
      x.assign(h, h + n);
    }
    double out = w[n];
    for (std::size_t u = 0; u < n; ++u) out += w[u] * x[u];
    y.push_back(kScale * out + (shape.direct ? condition[t] : 0.0));
  }
  return y;
}

struct Case {
  Case(const LstmShape& given, int sounds_, int samples_) : shape(given), sounds(sounds_), samples(samples_) {
    const LstmLesson lesson(shape);
    Random random(5);
    const auto n = static_cast<std::size_t>(samples), b = static_cast<std::size_t>(sounds);
    weights = random.noise(lesson.parameters());
    condition = random.noise(b * static_cast<std::size_t>(shape.width) * n);
    before = random.noise(b * lesson.state());
    dy = random.noise(b * n);
    for (float& h : before) h *= 0.5f;
    y.resize(dy.size()), after.resize(before.size()), gradients.resize(weights.size());
  }

  void forward(LstmLesson& lesson, bool learning = true) {
    lesson.forward(weights.data(), condition.data(), before.data(), static_cast<float>(kScale), y.data(), after.data(),
                   sounds, samples, learning);
  }

  LstmShape shape;
  int sounds, samples;
  std::vector<float> weights, condition, before, dy, y, after, gradients;
};

// Everything that a case gives, in double precision.
Numbers played(const Case& c, const Numbers& weights, Numbers& after) {
  const std::size_t heard = c.condition.size() / static_cast<std::size_t>(c.sounds);
  const std::size_t state = c.before.size() / static_cast<std::size_t>(c.sounds);
  Numbers y;
  after.clear();
  for (std::size_t s = 0; s < static_cast<std::size_t>(c.sounds); ++s) {
    Numbers memory;
    for (std::size_t k = 0; k < state; ++k) memory.push_back(c.before[s * state + k]);
    const float* condition = c.condition.data() + s * heard;
    const Numbers one = play(c.shape, weights, condition, memory, static_cast<std::size_t>(c.samples));
    y.insert(y.end(), one.begin(), one.end());
    after.insert(after.end(), memory.begin(), memory.end());
  }
  return y;
}

double loss(const Case& c, const Numbers& weights) {
  Numbers after;
  const Numbers y = played(c, weights, after);
  double sum = 0;
  for (std::size_t t = 0; t < y.size(); ++t) sum += c.dy[t] * y[t];
  return sum;
}

void check(const LstmShape& shape, int sounds, int samples, int width) {
  LstmLesson lesson(shape);
  if (!lesson.set_width(width)) return;
  Case c(shape, sounds, samples);
  CHECK(!lesson.ready());
  c.forward(lesson, false);
  CHECK(!lesson.ready());
  const std::vector<float> unlearned = c.y;
  c.forward(lesson);
  CHECK(lesson.ready() && lesson.sounds() == sounds && lesson.samples() == samples);
  CHECK(unlearned == c.y);
  lesson.backward(c.dy.data(), c.gradients.data());
  CHECK(!lesson.ready());

  Numbers exact(c.weights.begin(), c.weights.end()), after;
  const Numbers y = played(c, exact, after);
  for (std::size_t t = 0; t < y.size(); ++t) CHECK(std::fabs(c.y[t] - y[t]) < 1e-5);
  for (std::size_t k = 0; k < after.size(); ++k)
    CHECK(std::fabs(c.after[k] - after[k]) < 1e-5 * (1 + std::fabs(after[k])));
  double largest = 0;
  for (float g : c.gradients) largest = std::fmax(largest, std::fabs(static_cast<double>(g)));
  for (std::size_t i = 0; i < exact.size(); i += 1 + exact.size() / 400) {
    const double kept = exact[i], h = 1e-5;
    exact[i] = kept + h;
    const double above = loss(c, exact);
    exact[i] = kept - h;
    const double slope = (above - loss(c, exact)) / (2 * h);
    exact[i] = kept;
    CHECK(std::fabs(slope - c.gradients[i]) < 1e-5 * largest);
  }
}

void refuses(const LstmShape& shape) {
  bool refused = false;
  try {
    LstmLesson lesson(shape);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  CHECK(refused);
}

// Each thread with its own lesson gives what one alone gives.
void check_threads() {
  const auto learn = [](std::vector<float>& gradients) {
    const LstmShape shape{2, 9, 2, true};
    LstmLesson lesson(shape);
    Case c(shape, 20, 150);
    for (int again = 0; again < 3; ++again) {
      c.forward(lesson);
      lesson.backward(c.dy.data(), c.gradients.data());
    }
    gradients = c.gradients;
  };
  std::vector<float> alone, together[2];
  learn(alone);
  std::thread other(learn, std::ref(together[0]));
  learn(together[1]);
  other.join();
  CHECK(alone == together[0] && alone == together[1]);
}

}  // namespace

int main() {
  for (int width : {16, 8, 4}) {
    check({1, 1, 1, false}, 1, 1, width);
    check({1, 5, 1, true}, 17, 33, width);
    check({3, 4, 3, false}, 2, 40, width);
    check({2, 14, 2, true}, 3, 32, width);
    check({1, 23, 1, false}, 1, 65, width);
  }
  for (const LstmShape& shape : {LstmShape{0, 4, 1, false}, LstmShape{66, 4, 1, false}, LstmShape{1, 0, 1, false},
                                 LstmShape{1, 257, 1, false}, LstmShape{1, 4, 0, false}, LstmShape{1, 4, 9, false}})
    refuses(shape);
  check_threads();
}
