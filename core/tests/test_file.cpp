// The reader of .tone files: what is right is read, what is wrong is a FileError and nothing else.
#include "check.h"
#include "tonewright/graph.h"

using namespace tonewright;

namespace {

std::vector<std::uint8_t> small_file() {
  const std::string nodes = input_node() + "," + conv_node(0, 1, 2, 2, 4, "w") + "," + glue_node("tanh", "1") + "," +
                            glue_node("slice", "2", R"({"start":1,"stop":2})");
  return tone_bytes(header_of(nodes, 3), {{"w", "[2,1,3]", {1, 2, 3, 4, 5, 6}}});
}

// True when it was read, false when it was refused in a sentence; anything else ends the test.
bool reads(const std::vector<std::uint8_t>& bytes) {
  try {
    const ToneFile file = ToneFile::parse(bytes.data(), bytes.size());
    Graph graph(file);
    graph.prepare(16);
    return true;
  } catch (const FileError& error) {
    CHECK(std::strlen(error.what()) > 10);
    return false;
  }
}

bool reads_json(const std::string& text) {
  try {
    Json::parse(text);
    return true;
  } catch (const FileError&) {
    return false;
  }
}

void json_is_read_and_refused() {
  const Json value = Json::parse(R"({"a":[1,-2.5e1,true,null,"\u00e9\ud83d\ude00\n"]})");
  const auto& list = value.at("a").array();
  CHECK(list[0].integer(0, 1) == 1 && list[1].number() == -25.0 && list[2].boolean() && list[3].is_null());
  CHECK(list[4].string() == "\xC3\xA9\xF0\x9F\x98\x80\n");
  for (const char* bad : {"", "{", "[1,]", "{\"a\"}", "01x", "nul", "\"\\u12\"", "[1] 2", "\"\\ud83d\"", "1e999", "-"})
    CHECK(!reads_json(bad));
  CHECK(reads_json(std::string(60, '[') + std::string(60, ']')));
  CHECK(!reads_json(std::string(100000, '[')));
}

void every_cut_is_refused() {
  const auto whole = small_file();
  CHECK(reads(whole));
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK(!reads({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}));
}

void lies_about_sizes_are_refused() {
  const std::string nodes = input_node() + "," + conv_node(0, 1, 2, 1, 2, "w");
  CHECK(!reads(tone_bytes(header_of(nodes, 1), {{"w", "[2,1,4]", {1, 2, 3, 4, 5, 6}}})));
  CHECK(!reads(tone_bytes(header_of(nodes, 1), {{"w", "[4294967296,4294967296,3]", {1, 2, 3}}})));
  CHECK(!reads(tone_bytes(header_of(nodes, 1), {{"w", "[2,1,3]", {1, 2, 3, 4, 5, NAN}}})));
  CHECK(!reads(tone_bytes(header_of(nodes, 1), {{"v", "[2,1,3]", {1, 2, 3, 4, 5, 6}}})));
  CHECK(!reads(tone_bytes(header_of(nodes, 2), {{"w", "[2,1,3]", {1, 2, 3, 4, 5, 6}}})));
  // a kernel that reaches further back than the layer remembers would read another row's samples
  const std::string far = input_node() + "," + conv_node(0, 1, 2, 1000, 2, "w");
  CHECK(!reads(tone_bytes(header_of(far, 1), {{"w", "[2,1,3]", {1, 2, 3, 4, 5, 6}}})));
  const std::string forward = input_node() + "," + glue_node("add", "0,1");
  CHECK(!reads(tone_bytes(header_of(forward, 1), {})));
}

void mutations_never_crash() {
  Random random(1);
  const auto whole = small_file();
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    auto bytes = whole;
    for (int changes = 1 + random.below(4); changes > 0; --changes) {
      const auto at = static_cast<std::size_t>(random.below(static_cast<int>(bytes.size())));
      const auto put = static_cast<std::uint8_t>(random.next());
      switch (random.below(4)) {
        case 0:
          bytes[at] = put;
          break;
        case 1:
          bytes[at] = static_cast<std::uint8_t>("0123456789-,[]{}\""[random.below(17)]);
          break;
        case 2:
          bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        default:
          bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), put);
      }
    }
    read += reads(bytes);
  }
  CHECK(read < 20000);
}

}  // namespace

int main() {
  json_is_read_and_refused();
  every_cut_is_refused();
  lies_about_sizes_are_refused();
  mutations_never_crash();
  std::puts("file: all is well");
}
