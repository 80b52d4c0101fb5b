// A small reader for JSON that strangers wrote: bounded in depth, in memory by the length of the text.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tonewright {

// Something that a person can do wrong with a file; the message is one sentence. Thrown while loading only.
struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json>;

  // Raises FileError when the text is not JSON, or nests deeper than kMaxDepth. [main thread]
  static Json parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

  // The value as what it should be; FileError when it is something else. [main thread]
  bool boolean() const;
  double number() const;
  const std::string& string() const;
  const Array& array() const;
  const Object& object() const;

  // A whole number from low to high; FileError when it is none.
  std::int64_t integer(std::int64_t low, std::int64_t high) const;

  // The member of that name; FileError when there is none.
  const Json& at(const std::string& name) const;
  // The member of that name, or nullptr.
  const Json* find(const std::string& name) const;

  static constexpr int kMaxDepth = 64;

 private:
  friend class JsonReader;

  // Small, because a list of a million zeros is a million of these.
  std::variant<std::monostate, bool, double, std::unique_ptr<std::string>, std::unique_ptr<Array>, std::unique_ptr<Object>>
      value_;
};

}  // namespace tonewright
