// Counts what a test program takes from memory; included once in a program, whose operator new this replaces.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations{0};
}  // namespace

// Not inlined, or the compiler sees malloc meet delete and warns.
__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
__attribute__((noinline)) void* operator new(std::size_t size, std::align_val_t line) {
  ++allocations;
  const auto step = static_cast<std::size_t>(line);
  if (void* made = std::aligned_alloc(step, (size + step - 1) / step * step)) return made;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::align_val_t /*line*/) noexcept { std::free(memory); }
