// Products of a few rows with a matrix that was packed for it.
//
// A packed matrix (K, N) is cut into panels of three vectors of columns, the last of fewer; a panel holds its columns
// for k = 0, 1, ... one after another, so that it is read from the front to the end. A Weight is a float or a BFloat16.
#pragma once

#include <algorithm>

#include "vectors.hpp"

namespace grunlp {

constexpr int WIDE = 3;  // vectors in a panel

// Weights of a packed matrix.
inline int64_t packed_size(int64_t k, int64_t n) { return k * vectors(n) * W; }

// Packs matrix[k][n] = from[k * step_k + n * step_n].
template <class Weight>
void pack(int64_t size, int64_t columns, const Weight* from, int64_t step_k, int64_t step_n, Weight* to) {
  for (int64_t start = 0; start < columns; start += WIDE * W) {
    const int64_t wide = std::min<int64_t>(WIDE * W, vectors(columns - start) * W), real = std::min(wide, columns - start);
    if (step_n != 1)  // from rows that lie along k: read them in their own order
      for (int64_t n = 0; n < wide; ++n)
        for (int64_t k = 0; k < size; ++k)
          to[k * wide + n] = n < real ? from[k * step_k + (start + n) * step_n] : Weight{};
    else
      for (int64_t k = 0; k < size; ++k)
        for (int64_t n = 0; n < wide; ++n)
          to[k * wide + n] = n < real ? from[k * step_k + start + n] : Weight{};
    to += size * wide;
  }
}

// Tile of `out`: out[r][v] (+)= sum over k of rows[r][k] * panel[k][v], v running over COLUMNS vectors in each of PANELS
// panels. Every sum runs over k in order, whatever the shape of the tile: that is why neighbours do not matter.
template <int N, int PANELS, int COLUMNS, bool ADD, class Weight>
inline void multiply(const float* const* rows, const Weight* panel, int64_t size, float* out, int64_t stride) {
  constexpr int VECTORS = PANELS * COLUMNS;
  Floats sums[N][VECTORS] = {};
  for (int64_t k = 0; k < size; ++k) {
    Floats column[VECTORS];
    UNROLL for (int v = 0; v < VECTORS; ++v)
      column[v] = load(panel + v / COLUMNS * size * COLUMNS * W + (k * COLUMNS + v % COLUMNS) * W);
    UNROLL for (int r = 0; r < N; ++r) {
      const Floats state = all(rows[r][k]);
      UNROLL for (int v = 0; v < VECTORS; ++v) sums[r][v] += state * column[v];
    }
  }
  UNROLL for (int r = 0; r < N; ++r)
    UNROLL for (int v = 0; v < VECTORS; ++v) {
      float* to = out + r * stride + v * W;
      store<true>(to, ADD ? load(to) + sums[r][v] : sums[r][v], W);
    }
}

// The panels of one width for all rows. Many rows take a panel after the other, each from the nearest cache; few rows
// take several panels at once, or each addition would wait for the one before.
template <int COLUMNS, bool ADD, class Weight>
inline void multiply_panels(const float* const* rows, int64_t count, const Weight* packed, int64_t panels, int64_t size,
                            float* out, int64_t stride) {
  int64_t panel = 0;
  const auto advance = [&](int64_t by) {
    panel += by;
    packed += by * size * COLUMNS * W;
    out += by * COLUMNS * W;
  };
  if (count == 1)
    for (; panel + 4 <= panels; advance(4)) multiply<1, 4, COLUMNS, ADD>(rows, packed, size, out, stride);
  if (count == 2)
    for (; panel + 2 <= panels; advance(2)) multiply<2, 2, COLUMNS, ADD>(rows, packed, size, out, stride);
  for (; panel < panels; advance(1)) {
    int64_t row = 0;
    for (; row + ROWS <= count; row += ROWS)
      multiply<ROWS, 1, COLUMNS, ADD>(rows + row, packed, size, out + row * stride, stride);
    if (ROWS > 4 && row + 4 <= count) {
      multiply<4, 1, COLUMNS, ADD>(rows + row, packed, size, out + row * stride, stride);
      row += 4;
    }
    if (row + 2 <= count) {
      multiply<2, 1, COLUMNS, ADD>(rows + row, packed, size, out + row * stride, stride);
      row += 2;
    }
    if (row < count) multiply<1, 1, COLUMNS, ADD>(rows + row, packed, size, out + row * stride, stride);
  }
}

// out[i][n] (+)= sum over k of rows[i][k] * matrix[k][n] for `count` rows; a row of `out` has room for whole vectors.
template <bool ADD, class Weight>
void product(const float* const* rows, int64_t count, const Weight* packed, int64_t size, int64_t columns, float* out,
             int64_t stride) {
  const int64_t panels = vectors(columns) / WIDE, rest = vectors(columns) % WIDE;
  multiply_panels<WIDE, ADD>(rows, count, packed, panels, size, out, stride);
  packed += panels * WIDE * size * W;
  out += panels * WIDE * W;
  if (rest == 2) multiply_panels<2, ADD>(rows, count, packed, 1, size, out, stride);
  if (rest == 1) multiply_panels<1, ADD>(rows, count, packed, 1, size, out, stride);
}

}  // namespace grunlp
