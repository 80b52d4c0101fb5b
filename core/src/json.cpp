#include "tonewright/json.h"

#include <cmath>
#include <cstdlib>

namespace tonewright {

namespace {

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

// Recursive descent over the text; every value consumes at least one character, so memory follows its length.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Json document() {
    Json value = read(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows its end");
    return value;
  }

 private:
  [[noreturn]] void fail(const char* why) const {
    throw FileError("the file's JSON is damaged at character " + std::to_string(at_) + ": " + why);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(char wanted) {
    skip_space();
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted, const char* why) {
    if (!take(wanted)) fail(why);
  }

  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json read(int depth) {
    if (depth > Json::kMaxDepth) fail("it nests too deeply");
    skip_space();
    Json value;
    switch (peek()) {
      case '{':
        read_object(value, depth);
        break;
      case '[':
        read_array(value, depth);
        break;
      case '"':
        value.value_ = std::make_unique<std::string>(read_string());
        break;
      default:
        read_word_or_number(value);
    }
    return value;
  }

  void read_object(Json& value, int depth) {
    auto members = std::make_unique<Json::Object>();
    expect('{', "an object was expected");
    if (!take('}')) {
      read_members(*members, depth);
      expect('}', "an object does not end");
    }
    value.value_ = std::move(members);
  }

  void read_members(Json::Object& members, int depth) {
    do {
      skip_space();
      std::string name = read_string();
      expect(':', "a colon was expected");
      members[std::move(name)] = read(depth + 1);
    } while (take(','));
  }

  void read_array(Json& value, int depth) {
    auto items = std::make_unique<Json::Array>();
    expect('[', "a list was expected");
    if (!take(']')) {
      do items->push_back(read(depth + 1));
      while (take(','));
      expect(']', "a list does not end");
    }
    value.value_ = std::move(items);
  }

  void read_word_or_number(Json& value) {
    if (take_word("null")) return;
    if (take_word("true") || take_word("false")) {
      value.value_ = text_[at_ - 2] == 'u';  // tr-u-e, fal-s-e
      return;
    }
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::string_view("+-.eE").find(peek()) != std::string_view::npos || is_digit(peek())))
      ++at_;
    const std::string digits(text_.substr(start, at_ - start));
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    if (digits.empty() || *end != '\0' || !std::isfinite(number)) fail("a value was expected");
    value.value_ = number;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string read_string() {
    if (peek() != '"') fail("a name in quotation marks was expected");
    ++at_;
    std::string out;
    while (true) {
      if (at_ >= text_.size()) fail("a string does not end");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (c == '\\')
        read_escape(out);
      else if (static_cast<unsigned char>(c) < 0x20)
        fail("a control character stands in a string");
      else
        out += c;
    }
  }

  void read_escape(std::string& out) {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case 'u':
        append_utf8(out, read_code_point());
        return;
      default:
        fail("an escape is unknown");
    }
  }

  unsigned read_code_point() {
    const unsigned first = read_hex4();
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !take_word("\\u")) fail("half of a surrogate pair");
    const unsigned second = read_hex4();
    if (second < 0xDC00 || second > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }

  unsigned read_hex4() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at_ < text_.size() ? text_[at_++] : '\0';
      code <<= 4;
      if (is_digit(c))
        code |= static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        code |= static_cast<unsigned>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        code |= static_cast<unsigned>(c - 'A' + 10);
      else
        fail("an escape wants four hexadecimal digits");
    }
    return code;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Json Json::parse(std::string_view text) { return JsonReader(text).document(); }

bool Json::boolean() const {
  if (const auto* value = std::get_if<bool>(&value_)) return *value;
  throw FileError("the file has something else where it should say true or false");
}

double Json::number() const {
  if (const auto* value = std::get_if<double>(&value_)) return *value;
  throw FileError("the file has something else where a number should stand");
}

const std::string& Json::string() const {
  if (const auto* value = std::get_if<std::unique_ptr<std::string>>(&value_)) return **value;
  throw FileError("the file has something else where a word should stand");
}

const Json::Array& Json::array() const {
  if (const auto* value = std::get_if<std::unique_ptr<Array>>(&value_)) return **value;
  throw FileError("the file has something else where a list should stand");
}

const Json::Object& Json::object() const {
  if (const auto* value = std::get_if<std::unique_ptr<Object>>(&value_)) return **value;
  throw FileError("the file has something else where named values should stand");
}

std::int64_t Json::integer(std::int64_t low, std::int64_t high) const {
  const double value = number();
  if (value != std::floor(value) || value < static_cast<double>(low) || value > static_cast<double>(high))
    throw FileError("the file has a number out of its range: " + std::to_string(value));
  return static_cast<std::int64_t>(value);
}

const Json* Json::find(const std::string& name) const {
  const auto& members = object();
  const auto found = members.find(name);
  return found == members.end() ? nullptr : &found->second;
}

const Json& Json::at(const std::string& name) const {
  const Json* found = find(name);
  if (!found) throw FileError("the file does not say '" + name + "'");
  return *found;
}

}  // namespace tonewright
