// Memory that starts where a cache line does: a vector as long as a line that crosses two costs twice.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace tonewright {

template <typename T>
struct InLines {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};
  InLines() = default;
  template <typename Other>
  InLines(const InLines<Other>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kLine)); }
  void deallocate(T* at, std::size_t) noexcept { ::operator delete(at, kLine); }
  bool operator==(const InLines&) const { return true; }
  bool operator!=(const InLines&) const { return false; }
};
using Floats = std::vector<float, InLines<float>>;

}  // namespace tonewright
