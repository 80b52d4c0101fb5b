// The activations and their derivatives, which all follow from what the activation gave; included where kWidth is
// known, behind teaching.inl.

namespace tonewright {
namespace teaching {
namespace {

constexpr float kLeak = 0.01f;

struct Linear {
  static Vector slope(Vector) { return all(1.0f); }
};
struct Tanh {
  static Vector value(Vector x) { return hyperbolic_tangent(x); }
  static Vector slope(Vector z) { return 1.0f - z * z; }
};
struct Sigmoid {
  static Vector value(Vector x) { return sigmoid(x); }
  static Vector slope(Vector z) { return z - z * z; }
};
struct Relu {
  static Vector value(Vector x) { return x < 0.0f ? all(0.0f) : x; }
  static Vector slope(Vector z) { return z > 0.0f ? all(1.0f) : all(0.0f); }
};
struct LeakyRelu {
  static Vector value(Vector x) { return x < 0.0f ? kLeak * x : x; }
  static Vector slope(Vector z) { return z > 0.0f ? all(1.0f) : all(kLeak); }
};
struct Softsign {
  static Vector value(Vector x) { return softsign(x); }
  static Vector slope(Vector z) {
    const Vector rest = 1.0f - magnitude(z);
    return rest * rest;
  }
};

template <typename F>
void bend_rows(Sound made, int from, int to) {
  for (int c = 0; c < made.channels; ++c)
    for (int t = from; t < to; t += kWidth) store(made.row(c) + t, F::value(load(made.row(c) + t)));
}

template <typename F>
void unbend_rows(Sound dz, Sound made, int from, int to) {
  for (int c = 0; c < made.channels; ++c)
    for (int t = from; t < to; t += kWidth)
      store(made.row(c) + t, load(dz.row(c) + t) * F::slope(load(made.row(c) + t)));
}

template <typename F, typename G>
void gate_rows(Sound made, Sound z, int from, int to) {
  for (int c = 0; c < z.channels; ++c) {
    float *a = made.row(c), *b = made.row(c + z.channels);
    for (int t = from; t < to; t += kWidth) {
      const Vector bent = F::value(load(a + t)), gate = G::value(load(b + t));
      store(a + t, bent);
      store(b + t, gate);
      store(z.row(c) + t, bent * gate);
    }
  }
}

template <typename F, typename G>
void ungate_rows(Sound dz, Sound made, int from, int to) {
  const int half = made.channels / 2;
  for (int c = 0; c < half; ++c) {
    float *a = made.row(c), *b = made.row(c + half);
    for (int t = from; t < to; t += kWidth) {
      const Vector bent = load(a + t), gate = load(b + t), slope = load(dz.row(c) + t);
      store(a + t, slope * gate * F::slope(bent));
      store(b + t, slope * bent * G::slope(gate));
    }
  }
}

void bend(Bend bend, Sound made, Sound z, int from, int to) {
  switch (bend) {
    case Bend::kLinear: return;
    case Bend::kTanh: return bend_rows<Tanh>(made, from, to);
    case Bend::kRelu: return bend_rows<Relu>(made, from, to);
    case Bend::kLeakyRelu: return bend_rows<LeakyRelu>(made, from, to);
    case Bend::kSigmoid: return bend_rows<Sigmoid>(made, from, to);
    case Bend::kSoftsign: return bend_rows<Softsign>(made, from, to);
    case Bend::kGated: return gate_rows<Tanh, Sigmoid>(made, z, from, to);
    case Bend::kSoftGated: return gate_rows<Softsign, Softsign>(made, z, from, to);
  }
}

void unbend(Bend bend, Sound dz, Sound made, int from, int to) {
  switch (bend) {
    case Bend::kLinear: return unbend_rows<Linear>(dz, made, from, to);
    case Bend::kTanh: return unbend_rows<Tanh>(dz, made, from, to);
    case Bend::kRelu: return unbend_rows<Relu>(dz, made, from, to);
    case Bend::kLeakyRelu: return unbend_rows<LeakyRelu>(dz, made, from, to);
    case Bend::kSigmoid: return unbend_rows<Sigmoid>(dz, made, from, to);
    case Bend::kSoftsign: return unbend_rows<Softsign>(dz, made, from, to);
    case Bend::kGated: return ungate_rows<Tanh, Sigmoid>(dz, made, from, to);
    case Bend::kSoftGated: return ungate_rows<Softsign, Softsign>(dz, made, from, to);
  }
}

void add(Sound x, Sound onto, int from, int to) {
  for (int c = 0; c < onto.channels; ++c)
    for (int t = from; t < to; t += kWidth) store(onto.row(c) + t, load(onto.row(c) + t) + load(x.row(c) + t));
}

}  // namespace
}  // namespace teaching
}  // namespace tonewright
