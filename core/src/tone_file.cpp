#include "tonewright/tone_file.h"

#include <cmath>
#include <cstring>
#include <fstream>

namespace tonewright {

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = std::uint64_t{1} << 24;
constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 32;
constexpr std::size_t kMaxDimensions = 8;

std::uint64_t little_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = (value << 8) | bytes[i];
  return value;
}

// Elements of a shape; FileError when their product is larger than `most`.
std::uint64_t elements(const Json& shape, std::uint64_t most, std::vector<std::int64_t>& out) {
  const auto& sizes = shape.array();
  if (sizes.size() > kMaxDimensions) throw FileError("a tensor in the file has too many dimensions");
  std::uint64_t count = 1;
  for (const Json& size : sizes) {
    const auto n = static_cast<std::uint64_t>(size.integer(0, static_cast<std::int64_t>(kMaxFile)));
    if (n != 0 && count > most / n) throw FileError("a tensor in the file is larger than the file");
    count *= n;
    out.push_back(static_cast<std::int64_t>(n));
  }
  return count;
}

Tensor read_tensor(const std::string& name, const Json& entry, const std::uint8_t* data, std::uint64_t size) {
  if (entry.at("dtype").string() != "F32") throw FileError("the tensor '" + name + "' is not of 32-bit floats");
  const auto& offsets = entry.at("data_offsets").array();
  if (offsets.size() != 2) throw FileError("the tensor '" + name + "' has no place in the file");
  const auto limit = static_cast<std::int64_t>(size);
  const std::int64_t begin = offsets[0].integer(0, limit);
  const std::int64_t end = offsets[1].integer(begin, limit);
  Tensor tensor;
  const std::uint64_t count = elements(entry.at("shape"), size / sizeof(float), tensor.shape);
  if (count * sizeof(float) != static_cast<std::uint64_t>(end - begin))
    throw FileError("the tensor '" + name + "' has another size than its shape");
  tensor.data.resize(count);
  if (count) std::memcpy(tensor.data.data(), data + begin, count * sizeof(float));
  for (float value : tensor.data)
    if (!std::isfinite(value)) throw FileError("the tensor '" + name + "' holds NaN or infinite numbers");
  return tensor;
}

}  // namespace

ToneFile ToneFile::parse(const std::uint8_t* bytes, std::size_t size) {
  if (size < kLengthBytes) throw FileError("this is not a .tone file, or only a part of one");
  const std::uint64_t length = little_endian(bytes);
  if (length < 2 || length > kMaxHeader || length > size - kLengthBytes)
    throw FileError("this is not a .tone file, or only a part of one");
  const auto* text = reinterpret_cast<const char*>(bytes + kLengthBytes);
  const Json container = Json::parse({text, static_cast<std::size_t>(length)});
  ToneFile file;
  file.header = Json::parse(container.at("__metadata__").at("tonewright").string());
  const std::int64_t format = file.header.at("format").integer(0, 1 << 30);
  if (format > kFormat)
    throw FileError("this file is of format " + std::to_string(format) + ", which this version cannot read; update it");
  const std::uint8_t* data = bytes + kLengthBytes + length;
  const std::uint64_t room = size - kLengthBytes - length;
  std::uint64_t taken = 0;  // overlapping tensors could otherwise ask for many times the file
  for (const auto& [name, entry] : container.object()) {
    if (name == "__metadata__") continue;
    Tensor tensor = read_tensor(name, entry, data, room);
    taken += tensor.data.size() * sizeof(float);
    if (taken > room) throw FileError("the tensors of the file overlap");
    file.tensors.emplace(name, std::move(tensor));
  }
  return file;
}

ToneFile ToneFile::load(const std::string& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) throw FileError("there is no file " + path);
  const auto size = static_cast<std::int64_t>(stream.tellg());
  if (size < 0 || static_cast<std::uint64_t>(size) > kMaxFile) throw FileError(path + " is not a .tone file");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!stream) throw FileError(path + " cannot be read");
  try {
    return parse(bytes.data(), bytes.size());
  } catch (const FileError& error) {
    throw FileError(path + ": " + error.what());
  }
}

}  // namespace tonewright
