// Half-precision numbers (IEEE 754: a sign, 5 bits of exponent, 10 of mantissa).
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "lines.h"

namespace tonewright {

using Halves = std::vector<std::uint16_t, InLines<std::uint16_t>>;

// The half that is exactly `value`; false when there is none.
inline bool as_half(float value, std::uint16_t& half) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  half = static_cast<std::uint16_t>(sign);
  if (magnitude == 0) return true;
  const int exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent > 15 || exponent < -24) return false;
  // Below 2^-14 halves are multiples of 2^-24: all of the mantissa must end in them, its first bit too.
  const int dropped = exponent < -14 ? -1 - exponent : 13;
  const std::uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
  if (mantissa & ((1u << dropped) - 1u)) return false;
  const std::uint32_t kept = mantissa >> dropped;  // with its first bit, which adds one to the exponent
  const std::uint32_t before = exponent < -14 ? 0u : static_cast<std::uint32_t>(exponent + 14) << 10;
  half = static_cast<std::uint16_t>(sign | (before + kept));
  return true;
}

}  // namespace tonewright
