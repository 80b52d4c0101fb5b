// The inner loops of harmonic_bank.h and filtered_noise.h, compiled three times (16, 8 and 4 floats wide) as those of
// kernels.h are. Rows of samples are read and written up to the next multiple of kRowStep.
#pragma once

namespace tonewright {

// Neighbouring rows of one number for each sample of a frame.
struct Circle {
  const float *cosine, *sine;
};

struct SynthKernels {
  int width;
  // cosine[j] and sine[j] of start + j (rate + bend j) turns.
  void (*turn)(double start, double rate, double bend, int samples, float* cosine, float* sine);
  // y[j] = sum over k < count of (from[k] + rise[j] swing[k]) s(k, j), where s(k, j) is the sine of k + 1 times the
  // angle of sample j.
  void (*sum)(const float* from, const float* swing, int count, Circle circle, const float* rise, int samples, float* y);
  // d_from[k] += sum over j of early[j] s(k, j), and d_to[k] of late[j]. `lanes` has room for 2 * count * width floats.
  void (*sum_back)(const float* early, const float* late, int count, Circle circle, int samples, float* lanes,
                   float* d_from, float* d_to);
  // y[j] = sum over -reach < d < reach of (from[|d|] + rise[j] swing[|d|]) x[j + d].
  void (*filter)(const float* from, const float* swing, int reach, const float* x, const float* rise, int samples,
                 float* y);
  // d_early[i] = sum over j of early[j] x[i + j] for i < taps, and d_late[i] of late[j]. taps is a multiple of kRowStep.
  void (*filter_back)(const float* early, const float* late, const float* x, int samples, int taps, float* d_early,
                      float* d_late);
};

extern const SynthKernels kSynthKernels16, kSynthKernels8, kSynthKernels4;

// The kernels as wide as kernels(). [any thread]
const SynthKernels& synth_kernels() noexcept;

}  // namespace tonewright
