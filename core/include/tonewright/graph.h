// The layer graph of a .tone file, played block by block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tonewright/layer.h"
#include "tonewright/tone_file.h"

namespace tonewright {

struct Node;
class Feedback;
class Program;

class Graph final : public Layer {
 public:
  static constexpr std::int64_t kMaxBlock = 1 << 20;  // samples; a file that wants longer blocks is refused

  // Builds every node. FileError when the file asks for what is unknown, impossible or too large. [main thread]
  explicit Graph(const ToneFile& file);
  ~Graph() override;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Names of the inputs: "x" and the controls, in the order that process() wants them.
  const std::vector<std::string>& inputs() const { return input_names_; }
  int input_channels(int input) const;
  int output_channels() const;
  // Output samples for one input sample are up / down; the lengths of blocks are multiples of block.
  int up() const;
  int down() const;
  int block() const;

  void prepare(int max_frames) override;
  void reset() noexcept override;
  // in[i][c] and out[c]: rows of `frames` (a multiple of block) and frames * up / down samples. Never allocates, locks,
  // throws or prints. [audio thread]
  void process(const float* const* const* in, float* const* out, int frames) noexcept;
  // Whether the output is one channel that comes straight from a loop at the rate of the input.
  bool can_prime() const;
  // As process(), but the loop takes `given` for what it made, and nothing comes out. Only where can_prime().
  // [audio thread]
  void prime(const float* const* const* in, const float* given, int frames) noexcept;

 private:
  void add(const Json& row, const ToneFile& file);
  void count_weights(const Json& row, const ToneFile& file);
  std::vector<int> connect(const Json& row, Node& node) const;
  void ask_for_memory();
  void run(const float* const* const* in, int at, int count) noexcept;
  Feedback* last_loop() const;

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::string> input_names_;
  std::vector<int> input_nodes_;
  int output_ = 0, loops_ = 0;
  std::int64_t remembered_ = 0;  // by the operations themselves
  std::int64_t weights_ = 0;     // that the nodes have copied
  int max_chunk_ = 0;
  std::unique_ptr<Program> program_;
};

}  // namespace tonewright
