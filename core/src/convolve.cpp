#include "convolve.h"

#include <algorithm>

#include "shapes.h"

namespace tonewright {

namespace {

constexpr int kWideOutputs = 96;  // from here on outputs fill the lanes at least as well as frames do
constexpr int kFewOutputs = 24;   // up to here frames do

}  // namespace

Convolve::Convolve(Term term, std::vector<float> bias, int outputs, int groups, int stride)
    : bias_(std::move(bias)), outputs_(outputs), groups_(groups), stride_(stride) {
  terms_.push_back(std::move(term));
  channels = outputs;
  down = stride;
}

bool Convolve::take_terms(Convolve& other) {
  if (!plain() || !other.plain() || addend_ || other.addend_ || outputs_ != other.outputs_) return false;
  if (bent_before() || other.bent_before()) return false;
  for (Term& term : other.terms_) {
    term.from += inputs_;
    terms_.push_back(std::move(term));
  }
  for (std::size_t o = 0; o < bias_.size(); ++o) bias_[o] += other.bias_[o];
  inputs_ += other.inputs_;
  return true;
}

bool Convolve::take_addend() {
  if (!plain() || addend_) return false;
  addend_ = inputs_++;
  return true;
}

bool Convolve::take_activation(Unary op, float slope) {
  if (!plain()) return false;
  finish_.activation = op;
  finish_.slope = slope;
  return true;
}

bool Convolve::take_gate(Unary op, Unary gate) {
  if (!plain() || addend_ || bent_before() || outputs_ % 2 || !can_gate(op, gate)) return false;
  finish_.activation = op;
  finish_.gate = gate;
  channels = outputs_ / 2;
  return true;
}

bool Convolve::take_sum() {
  if (groups_ != 1 || stride_ != 1 || sum_) return false;
  sum_ = inputs_;
  inputs_ += 2;
  return true;
}

bool Convolve::take_stack(const std::vector<int>& channels) {
  if (!plain() || terms_.size() != 1 || addend_ || bent_before()) return false;
  const Term whole = std::move(terms_[0]);
  const std::size_t taps = static_cast<std::size_t>(whole.taps), all = static_cast<std::size_t>(whole.inputs) * taps;
  terms_.clear();
  std::size_t first = 0;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    Term part{i, channels[i], whole.taps, whole.dilation, whole.memory, {}};
    const std::size_t size = static_cast<std::size_t>(channels[i]) * taps;
    for (int o = 0; o < outputs_; ++o) {
      const auto row = whole.weight.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(o) * all + first);
      part.weight.insert(part.weight.end(), row, row + static_cast<std::ptrdiff_t>(size));
    }
    first += size;
    terms_.push_back(std::move(part));
  }
  inputs_ = channels.size();
  return true;
}

bool Convolve::take_mix(Convolve& out) {
  const bool one_tap = out.plain() && out.terms_.size() == 1 && out.terms_[0].taps == 1 && out.terms_[0].memory == 0;
  if (mix_ || groups_ != 1 || stride_ != 1 || !bends() || !bends_in_registers(finish_.activation)) return false;
  if (!one_tap || out.bent_before() || channels > kMaxMix || out.inputs_ > 2) return false;
  mix_addend_ = out.addend_ ? inputs_++ : 0;
  mix_out_ = inputs_++;
  mix_ = std::make_unique<Convolve>(std::move(out));
  return true;
}

// Only wide convolutions have a place for it: where they put in order what they hear.
bool Convolve::take_bend_before(Unary op, float slope) {
  if (op != Unary::kLeakyRelu || bent_before() || terms_.size() != 1 || !always_wide()) return false;
  slope_before_ = slope;
  return true;
}

bool Convolve::always_wide() const {
  return finish_.gate == Unary::kNone && (stride_ > 1 || outputs_of_group() >= kWideOutputs);
}

// Whether vectors of outputs leave fewer lanes empty than vectors of frames.
bool Convolve::goes_wide(int frames) const {
  const int outputs = outputs_of_group(), width = kernels_.width;
  if (always_wide() || finish_.gate != Unary::kNone || outputs <= kFewOutputs) return always_wide();
  const auto in_whole = [](int count, int step) { return (count + step - 1) / step * step; };
  return in_whole(outputs, width) * frames < in_whole(outputs, tile()) * in_whole(frames, width);
}

int Convolve::memory(std::size_t input) const {
  int most = 0;
  for (const Term& term : terms_)
    if (term.from == input) most = std::max(most, term.memory);
  return most;
}

// A gate wants both halves of a channel in one tile: the first half of the tile's rows and the second.
std::vector<int> Convolve::order_of_outputs(int group, int tile) const {
  const int outputs = outputs_ / groups_, half = tile / 2;
  std::vector<int> order;
  if (finish_.gate == Unary::kNone) {
    for (int o = 0; o < outputs; ++o) order.push_back(group * outputs + o);
  } else {
    for (int first = 0; first < channels; first += half)
      for (int side : {0, channels})
        for (int o = first; o < first + half; ++o) order.push_back(o < channels ? o + side : -1);
  }
  order.resize(padded_to(order.size(), tile), -1);
  return order;
}

// The weights of a group in the order in which the kernels read them.
Convolution Convolve::pack(int group, int tile_rows) const {
  Convolution c;
  c.tile = tile_rows;
  const std::vector<int> order = order_of_outputs(group, c.tile);
  c.outputs = finish_.gate == Unary::kNone ? outputs_ / groups_ : static_cast<int>(order.size());
  for (int o : order) c.bias.push_back(o < 0 ? 0.0f : bias_[static_cast<std::size_t>(o)]);
  const auto tile = static_cast<std::size_t>(c.tile);
  for (const Term& term : terms_) {
    c.terms.push_back({term.inputs, term.taps, term.dilation});
    c.tile_size += static_cast<std::size_t>(term.inputs) * static_cast<std::size_t>(term.taps) * tile;
  }
  for (std::size_t first = 0; first < order.size(); first += tile)
    for (const Term& term : terms_)
      for (int k = 0; k < term.taps; ++k)
        for (int i = 0; i < term.inputs; ++i)
          for (std::size_t o = first; o < first + tile; ++o) {
            const std::size_t at = (static_cast<std::size_t>(std::max(order[o], 0)) * static_cast<std::size_t>(term.inputs) +
                                    static_cast<std::size_t>(i)) * static_cast<std::size_t>(term.taps) +
                                   static_cast<std::size_t>(k);
            c.weights.push_back(order[o] < 0 ? 0.0f : term.weight[at]);
          }
  return c;
}

std::unique_ptr<Wide> Convolve::widened(int group) const {
  const auto first = static_cast<std::size_t>(group * outputs_of_group());
  std::vector<Wide::Term> terms;
  for (const Term& t : terms_) {
    const std::size_t depth = static_cast<std::size_t>(t.inputs) * static_cast<std::size_t>(t.taps);
    terms.push_back({t.inputs, t.taps, t.dilation, t.weight.data() + first * depth});
  }
  return std::make_unique<Wide>(terms, bias_.data() + first, outputs_of_group(), Wide::Manner{stride_, 1, slope_before_});
}

void Convolve::widen() {
  for (int g = 0; g < groups_; ++g) wide_.push_back(widened(g));
  if (mix_) wide_.push_back(mix_->widened(0));
  if (always_wide())  // large weights are not kept twice
    for (Term& term : terms_) term.weight = {};
}

// Where it depends on the length of the block, both ways are made ready.
void Convolve::prepare(int max_frames) {
  sources_.assign(terms_.size(), Signal{});
  if (wide_.empty() && goes_wide(1)) widen();
  for (const auto& wide : wide_) wide->prepare((max_frames + stride_ - 1) / stride_);
  packed_.clear();
  if (always_wide()) return;
  for (int g = 0; g < groups_; ++g) packed_.push_back(pack(g, tile()));
  if (mix_) packed_.push_back(mix_->pack(0, tile()));
}

void Convolve::process(const Signal* in, const Signal& y, int frames) noexcept {
  if (!wide_.empty() && goes_wide(frames)) return process_wide(in, y, frames / stride_);
  if (groups_ == 1) return process_group(0, in, y, frames);
  const int made = channels / groups_;
  for (int g = 0; g < groups_; ++g) process_group(g, in, {y.row(g * made), y.stride, made}, frames);
}

// What the kernels look at: the samples of each term, and those of a running sum.
inline void Convolve::find_sources(int group, const Signal* in) noexcept {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const Signal& x = in[terms_[i].from];
    sources_[i] = {x.row(group * terms_[i].inputs) - terms_[i].memory, x.stride, terms_[i].inputs};
  }
  if (sum_) {
    finish_.sum_before = &in[sum_];
    finish_.sum_after = &in[sum_ + 1];
  }
}

void Convolve::process_group(int group, const Signal* in, const Signal& y, int frames) noexcept {
  find_sources(group, in);
  Signal part;
  if (addend_) {
    part = {in[addend_].row(group * y.channels), in[addend_].stride, y.channels};
    finish_.addend = &part;
  }
  const Convolution& c = packed_[static_cast<std::size_t>(group)];
  if (!mix_) return kernels_.convolve(c, sources_.data(), y, finish_, nullptr, frames);
  const Mix mix{&packed_.back(), mix_addend_ ? &in[mix_addend_] : nullptr, &in[mix_out_]};
  kernels_.convolve(c, sources_.data(), keeps_ ? y : Signal{nullptr, 0, channels}, finish_, &mix, frames);
}

// A mix is a convolution of its own here.
void Convolve::process_wide(const Signal* in, const Signal& y, int frames) noexcept {
  if (addend_) finish_.addend = &in[addend_];
  for (int g = 0; g < groups_; ++g) {
    const Signal some{y.row(g * outputs_of_group()), y.stride, outputs_of_group()};
    find_sources(g, in);
    wide_[static_cast<std::size_t>(g)]->process(sources_.data(), finish_, some, frames);
  }
  if (!mix_) return;
  Finish residual;
  residual.addend = mix_addend_ ? &in[mix_addend_] : nullptr;
  wide_.back()->process(&y, residual, in[mix_out_], frames);
}

std::unique_ptr<Operation> make_conv1d(const Json& node, const Tensors& tensors, int channels) {
  const ConvolutionShape s = read_shape(node, channels);
  const Tensor& weight = three_dimensional(weight_of(node, tensors, "weight"), s.outputs, s.inputs / s.groups);
  const std::int64_t dilation = node.at("attributes").at("dilation").integer(1, kMaxMemory);
  // A lookahead lets the kernel end before the newest sample, so the memory may be longer than its span.
  if ((weight.shape[2] - 1) * dilation > s.memory + s.stride - 1)
    throw FileError("a convolution in the file reaches further back than it remembers");
  Convolve::Term term{0, static_cast<int>(s.inputs / s.groups), static_cast<int>(weight.shape[2]),
                      static_cast<int>(dilation), static_cast<int>(s.memory), weight.data};
  return std::make_unique<Convolve>(std::move(term), bias_of(node, tensors, s.outputs), static_cast<int>(s.outputs),
                                    static_cast<int>(s.groups), static_cast<int>(s.stride));
}

}  // namespace tonewright
