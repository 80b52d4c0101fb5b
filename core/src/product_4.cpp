// The inner loops of products of matrices and of teaching a GRU, 4 floats wide.

namespace {
constexpr int kWidth = 4;
}

#include "vector.inl"

#include "product.inl"
#include "teaching_gru.inl"

namespace tonewright {
const ProductKernels kProductKernels4{kWidth, multiply, gru, gru_back};
}
