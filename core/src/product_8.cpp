// The inner loops of products of matrices and of teaching a GRU, 8 floats wide.

namespace {
constexpr int kWidth = 8;
}

#include "vector.inl"

#include "product.inl"
#include "teaching_gru.inl"

namespace tonewright {
const ProductKernels kProductKernels8{kWidth, multiply, gru, gru_back};
}
