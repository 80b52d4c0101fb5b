// The inner loops of products of matrices and of teaching a GRU, 16 floats wide.

namespace {
constexpr int kWidth = 16;
}

#include "vector.inl"

#include "product.inl"
#include "teaching_gru.inl"

namespace tonewright {
const ProductKernels kProductKernels16{kWidth, multiply, gru, gru_back};
}
