// Products of a few rows with a packed matrix.
//
// A packed matrix (K, N) is cut into panels of three vectors of columns, the last of fewer; a panel holds its columns
// for k = 0, 1, ... in order, so that it is read sequentially. A Weight is a float, or a BFloat16: then the weights of a
// column for k and k + 1 are adjacent.
#pragma once

#include <algorithm>
#include <type_traits>

#include "vectors.hpp"

namespace grunlp {

constexpr int WIDE = 3;  // vectors in a panel

// Number of adjacent weights of a column.
template <class Weight>
constexpr int SIDE = sizeof(float) / sizeof(Weight);

// Number of weights of a packed column, and of a packed matrix.
template <class Weight>
int64_t packed_rows(int64_t k) {
  return (k + SIDE<Weight> - 1) / SIDE<Weight> * SIDE<Weight>;
}
template <class Weight>
int64_t packed_size(int64_t k, int64_t n) {
  return packed_rows<Weight>(k) * vectors(n) * W;
}

// Packs matrix[k][n] = from[k * step_k + n * step_n].
template <class Weight>
void pack(int64_t size, int64_t columns, const Weight* from, int64_t step_k, int64_t step_n, Weight* to) {
  const int64_t rows = packed_rows<Weight>(size);
  for (int64_t start = 0; start < columns; start += WIDE * W) {
    const int64_t wide = std::min<int64_t>(WIDE * W, vectors(columns - start) * W), real = std::min(wide, columns - start);
    const auto put = [&](int64_t k, int64_t n) {
      to[(k / SIDE<Weight> * wide + n) * SIDE<Weight> + k % SIDE<Weight>] =
          k < size && n < real ? from[k * step_k + (start + n) * step_n] : Weight{};
    };
    if (step_n != 1)  // rows along k: read them in memory order
      for (int64_t n = 0; n < wide; ++n)
        for (int64_t k = 0; k < rows; ++k) put(k, n);
    else
      for (int64_t k = 0; k < rows; ++k)
        for (int64_t n = 0; n < wide; ++n) put(k, n);
    to += rows * wide;
  }
}

// Tile of `out`: out[r][v] (+)= sum over k of rows[r][k] * panel[k][v], v running over COLUMNS vectors in each of PANELS
// panels. Every sum runs over k in order, whatever the shape of the tile, so that other rows do not change the result.
template <int N, int PANELS, int COLUMNS, bool ADD, class Weight>
inline void multiply(const float* const* rows, const Weight* panel, int64_t size, float* out, int64_t stride) {
  constexpr int VECTORS = PANELS * COLUMNS;
  const int64_t between = packed_rows<Weight>(size) * COLUMNS * W;  // panels
  Floats sums[N][VECTORS] = {};
  const auto read = [&](int64_t k, int v) {
    const Weight* from = panel + v / COLUMNS * between + k * COLUMNS * W + v % COLUMNS * SIDE<Weight> * W;
    return load(reinterpret_cast<const float*>(from));
  };
  const auto add = [&](int64_t k, const auto& column) {
    UNROLL for (int r = 0; r < N; ++r) {
      const Floats state = all(rows[r][k]);
      UNROLL for (int v = 0; v < VECTORS; ++v) sums[r][v] += state * column(v);
    }
  };
  if constexpr (SIDE<Weight> == 1) {
    for (int64_t k = 0; k < size; ++k) {
      Floats column[VECTORS];
      UNROLL for (int v = 0; v < VECTORS; ++v) column[v] = read(k, v);
      add(k, [&](int v) { return column[v]; });
    }
  } else {
    int64_t k = 0;
    for (; k + 2 <= size; k += 2) {
      if constexpr (N == 1) {  // both at once, otherwise the columns would not fit into the registers
        const Floats first = all(rows[0][k]), second = all(rows[0][k + 1]);
        UNROLL for (int v = 0; v < VECTORS; ++v) {
          const Floats pairs = read(k, v);
          sums[0][v] += first * even(pairs);
          sums[0][v] += second * odd(pairs);
        }
      } else {
        Floats pairs[VECTORS];
        UNROLL for (int v = 0; v < VECTORS; ++v) pairs[v] = read(k, v);
        add(k, [&](int v) { return even(pairs[v]); });
        add(k + 1, [&](int v) { return odd(pairs[v]); });
      }
    }
    if (k < size) add(k, [&](int v) { return even(read(k, v)); });
  }
  UNROLL for (int r = 0; r < N; ++r)
    UNROLL for (int v = 0; v < VECTORS; ++v) {
      float* to = out + r * stride + v * W;
      store<true>(to, ADD ? load(to) + sums[r][v] : sums[r][v], W);
    }
}

// `count` rows times the next panels of one width, for which `out` has space. Many rows use one panel after the other,
// each from the nearest cache; few rows use several panels at once, otherwise each addition would wait for the previous.
template <int PANELS, int COLUMNS, bool ADD, class Weight>
void multiply_rows(const float* const* rows, int64_t count, const Weight* packed, int64_t size, float* out,
                   int64_t stride) {
  int64_t row = 0;
  const auto take = [&](auto number) {
    constexpr int N = decltype(number)::value;
    multiply<N, PANELS, COLUMNS, ADD>(rows + row, packed, size, out + row * stride, stride);
    row += N;
  };
  while (row + ROWS <= count) take(std::integral_constant<int, ROWS>());
  if (ROWS > 4 && row + 4 <= count) take(std::integral_constant<int, 4>());
  if (row + 2 <= count) take(std::integral_constant<int, 2>());
  if (row < count) take(std::integral_constant<int, 1>());
}

// out[i][n] (+)= sum over k of rows[i][k] * matrix[k][n] for `count` rows; a row of `out` has space for whole vectors.
// With `back` the panels are used from last to first: alternating calls find the last ones in the cache.
template <bool ADD, class Weight>
void product(const float* const* rows, int64_t count, const Weight* packed, int64_t size, int64_t columns, float* out,
             int64_t stride, bool back) {
  const int64_t panels = vectors(columns) / WIDE, rest = vectors(columns) % WIDE;
  const int64_t group = count == 1 ? 4 : count == 2 ? 2 : 1, groups = (panels + group - 1) / group;
  const int64_t panel = packed_rows<Weight>(size) * WIDE * W;
  const auto last = [&] {
    const Weight* from = packed + panels * panel;
    if (rest == 2) multiply_rows<1, 2, ADD>(rows, count, from, size, out + panels * WIDE * W, stride);
    if (rest == 1) multiply_rows<1, 1, ADD>(rows, count, from, size, out + panels * WIDE * W, stride);
  };
  if (back) last();
  for (int64_t turn = 0; turn < groups; ++turn) {
    int64_t p = (back ? groups - 1 - turn : turn) * group;
    const int64_t end = std::min(p + group, panels);
    if (p + 4 == end) {
      multiply<1, 4, WIDE, ADD>(rows, packed + p * panel, size, out + p * WIDE * W, stride);
      continue;
    }
    for (; count <= 2 && p + 2 <= end; p += 2)
      multiply_rows<2, WIDE, ADD>(rows, count, packed + p * panel, size, out + p * WIDE * W, stride);
    for (; p < end; ++p) multiply_rows<1, WIDE, ADD>(rows, count, packed + p * panel, size, out + p * WIDE * W, stride);
  }
  if (!back) last();
}

}  // namespace grunlp
