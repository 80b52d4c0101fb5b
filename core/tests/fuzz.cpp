// Breaks .tone files in every way it can think of, for as long as it is told, and reads and plays what is left.
//
//     fuzz SECONDS FILE.tone...
//
// A crash, a hang, an exception that is no FileError, or memory out of proportion ends it; built with
// -DTONEWRIGHT_SANITIZE=address,undefined it sees bad reads too. It is no test of its own: those run for seconds.

#include <algorithm>
#include <chrono>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "check.h"
#include "tonewright/player.h"

using namespace tonewright;

namespace {

std::size_t in_use = 0, most = 0;  // bytes

void* counted(std::size_t size) {
  auto* block = static_cast<std::size_t*>(std::malloc(size + 2 * sizeof(std::size_t)));
  if (!block) throw std::bad_alloc();
  *block = size;
  most = std::max(most, in_use += size);
  return block + 2;
}

void uncounted(void* memory) noexcept {
  if (!memory) return;
  auto* block = static_cast<std::size_t*>(memory) - 2;
  in_use -= *block;
  std::free(block);
}

using Bytes = std::vector<std::uint8_t>;

Bytes read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Numbers and words that files get wrong.
const char* const kValues[] = {"0", "-1", "1", "2", "3", "64", "65536", "16777216", "2147483647", "4294967296",
                               "9223372036854775807", "1e308", "-0.5", "null", "true", "[]", "{}", "\\\"x\\\"", "[[[["};

std::size_t place(Random& random, const Bytes& bytes) {
  // Mostly in the header, where the sizes are.
  const std::size_t header = std::min<std::size_t>(bytes.size(), 60000);
  return static_cast<std::size_t>(random.below(static_cast<int>(random.below(8) ? header : bytes.size())));
}

void replace_number(Random& random, Bytes& bytes) {
  std::size_t at = place(random, bytes);
  while (at < bytes.size() && !std::isdigit(bytes[at])) ++at;
  std::size_t end = at;
  while (end < bytes.size() && std::isdigit(bytes[end])) ++end;
  const std::string value = kValues[random.below(static_cast<int>(std::size(kValues)))];
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(end));
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), value.begin(), value.end());
}

// The header's length follows, so that the change reaches the readers behind the first check.
void mend_length(Bytes& bytes, std::size_t before) {
  if (bytes.size() < 8) return;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  length += bytes.size() - before;
  std::memcpy(bytes.data(), &length, 8);
}

void mutate(Random& random, Bytes& bytes) {
  for (int changes = 1 + random.below(4); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t before = bytes.size(), at = place(random, bytes);
    switch (random.below(6)) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(random.next());
        break;
      case 1:
        bytes[at] ^= static_cast<std::uint8_t>(1 << random.below(8));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(),
                     bytes.begin() + std::min<std::ptrdiff_t>(random.below(64), static_cast<std::ptrdiff_t>(bytes.size())));
        break;
      default:
        replace_number(random, bytes);
        mend_length(bytes, before);
    }
  }
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { uncounted(memory); }
void operator delete[](void* memory) noexcept { uncounted(memory); }
void operator delete(void* memory, std::size_t) noexcept { uncounted(memory); }
void operator delete[](void* memory, std::size_t) noexcept { uncounted(memory); }

int main(int count, char** words) {
  if (count < 3) return std::fprintf(stderr, "usage: fuzz SECONDS FILE.tone...\n"), 2;
  std::vector<Bytes> seeds;
  for (int i = 2; i < count; ++i) seeds.push_back(read(words[i]));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(words[1]));
  Random random(static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
  std::size_t tried = 0, played = 0, worst_read = 0, worst_all = 0;
  double worst_times = 0.0;
  std::vector<float> sound(256), out(1 << 16);
  const std::vector<const float*> ins(Player::kMaxChannels, sound.data());
  const std::vector<float*> outs(Player::kMaxChannels, out.data());
  while (std::chrono::steady_clock::now() < end) {
    Bytes bytes = seeds[static_cast<std::size_t>(random.below(static_cast<int>(seeds.size())))];
    mutate(random, bytes);
    std::ofstream("fuzz.last", std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ++tried;
    const std::size_t before = in_use;
    most = before;
    try {
      const ToneFile file = ToneFile::parse(bytes.data(), bytes.size());
      worst_read = std::max(worst_read, most - before);
      worst_times = std::max(worst_times, static_cast<double>(most - before) / static_cast<double>(bytes.size() + 1000));
      Player player(file);
      player.prepare(64);
      if (player.up() <= 256)
        for (int frames : {1, 7, 64}) player.process(ins.data(), outs.data(), frames);
      ++played;
    } catch (const FileError&) {
    }
    worst_all = std::max(worst_all, most - before);
    CHECK(worst_times < 40.0);
    CHECK(worst_all < (std::size_t{1} << 30));
  }
  std::printf("%zu files, %zu of them still played; reading took at most %zu bytes (%.1f times the file), playing %zu MB\n", tried,
              played, worst_read, worst_times, worst_all >> 20);
}
