// Vectors of floats, as wide as those of the instruction set, and the activation functions of gates.
#pragma once

#include <cstdint>
#include <cstring>

namespace grunlp {

// Vectors of W floats. A tile has as many ROWS as fit into the registers with a few columns of weights and a state.
#if defined(__GNUC__)
#if defined(__AVX512F__)
constexpr int W = 16, ROWS = 8;
#elif defined(__AVX2__)
constexpr int W = 8, ROWS = 4;
#elif defined(__aarch64__)
constexpr int W = 4, ROWS = 8;
#else
constexpr int W = 4, ROWS = 4;
#endif
typedef float Floats __attribute__((vector_size(4 * W)));
typedef uint32_t Bits __attribute__((vector_size(4 * W)));
#define NOINLINE __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "of two BFloat16 the first has the lower bits");
#elif defined(GRUNLP_AVX)
#error "this compiler has no vector types: only the portable form is built"
#else
constexpr int W = 1, ROWS = 4;
typedef float Floats;
typedef uint32_t Bits;
#define NOINLINE __declspec(noinline)
#define UNROLL
#endif

template <class To, class From>
inline To cast(From from) {
  static_assert(sizeof(To) == sizeof(From), "a cast keeps every bit");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

inline Floats all(float x) { return x - Floats{}; }  // not "+": -0 + 0 is 0, which would cost an addition

inline Floats load(const float* from) {
  Floats x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

// A float without its last 16 bits. Two vectors are stored interleaved, so that a load, a shift and a mask give both.
struct BFloat16 {
  uint16_t bits;
};
inline Floats even(Floats pairs) { return cast<Floats>(Bits(cast<Bits>(pairs) << 16)); }
inline Floats odd(Floats pairs) { return cast<Floats>(Bits(cast<Bits>(pairs) & 0xffff0000u)); }

// The first `count` of W floats, zeros for the rest; with WHOLE, all W.
template <bool WHOLE>
inline Floats load(const float* from, int64_t count) {
  if (WHOLE) return load(from);
  Floats x = {};
  std::memcpy(&x, from, static_cast<size_t>(count) * sizeof(float));
  return x;
}

template <bool WHOLE>
inline void store(float* to, Floats x, int64_t count) {
  std::memcpy(to, &x, WHOLE ? sizeof x : static_cast<size_t>(count) * sizeof(float));
}

// e^x, accurate to one unit in the last place: 2^n e^r with |r| <= ln(2) / 2, and e^r the polynomial of Cephes' expf.
// Infinity from 88.4 on, e^-87 below -87; NaN stays NaN.
inline Floats exponential(Floats x) {
  x = all(89.0f) < x ? all(89.0f) : x;
  x = all(-87.0f) > x ? all(-87.0f) : x;
  const Floats shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23: the last bits of the sum are n
  const Floats n = shifted - 12582912.0f;
  Floats r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  Floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * (r * r) + r) + 1.0f;
  return p * cast<Floats>(Bits((cast<Bits>(shifted) << 23) + 0x3f800000u));
}

inline Floats sigmoid(Floats x) { return 1.0f / (1.0f + exponential(-x)); }

// By Cephes' tanhf: a polynomial near 0, where 1 - 2 / (e^2x + 1) would lose digits.
inline Floats hyperbolic_tangent(Floats x) {
  const Bits sign = cast<Bits>(x) & 0x80000000u;
  const Floats a = cast<Floats>(Bits(cast<Bits>(x) & 0x7fffffffu));
  const Floats z = x * x;
  Floats p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const Floats near = x + x * z * p;
  const Floats far = 1.0f - 2.0f / (exponential(a + a) + 1.0f);
  return a < all(0.625f) ? near : cast<Floats>(Bits(cast<Bits>(far) | sign));
}

inline int64_t vectors(int64_t size) { return (size + W - 1) / W; }

}  // namespace grunlp
