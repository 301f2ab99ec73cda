// The recurrence of a GRU layer over sequences of unequal length, forward and backward, on the CPU.
//
// Everything that needs no state is done outside, in large library products: the input's share of the gates before, the
// gradients of all weights after. What stays is, at every step, the product of the states with the recurrent weights
// and the gates themselves. Here:
//
//   * Sequences lie one after another without padding; nothing is computed beyond the end of one.
//   * A job is one direction of some of the sequences, through all their steps, so that no thread waits for another.
//     What is computed for a sequence depends neither on the jobs nor on its neighbours, to the last bit.
//   * Weights are packed into panels, the columns that meet in a tile side by side. A tile of a product, some sequences
//     by one panel, stays in registers.
//
// Plain C functions over pointers, so that one binary serves every version of Python and Torch. The file is compiled
// once for each instruction set, and `grunlp/kernels/library.py` takes the best that the machine has.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {

// Vectors of W floats. A tile has as many ROWS as leave it, a few columns of weights and a state in the registers.
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
typedef uint16_t Halves __attribute__((vector_size(2 * W)));
inline Bits to_bits(Halves x) { return __builtin_convertvector(x, Bits); }
#define NOINLINE __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")
#else  // a compiler without vector types
constexpr int W = 1, ROWS = 4;
typedef float Floats;
typedef uint32_t Bits;
typedef uint16_t Halves;
inline Bits to_bits(Halves x) { return x; }
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

inline Floats all(float x) { return x - Floats{}; }  // not "+": -0 + 0 is 0, which costs an addition

inline Floats load(const float* from) {
  Floats x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

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

// Weights as they are packed: float, or bfloat16, which is the upper half of one.
inline Floats weights(const float* from) { return load(from); }
inline Floats weights(const uint16_t* from) {
  Halves x;
  std::memcpy(&x, from, sizeof x);
  return cast<Floats>(Bits(to_bits(x) << 16));
}
inline void pack(float x, float* to) { *to = x; }
inline void pack(float x, uint16_t* to) {
  const uint32_t bits = cast<uint32_t>(x);
  const bool nan = x != x;
  *to = static_cast<uint16_t>(nan ? bits >> 16 | 64 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);  // to nearest, even
}

// e^x to a unit in the last place: 2^n e^r with |r| <= ln(2) / 2, and e^r the polynomial of Cephes' expf. Infinity from
// 88.4 on, e^-87 below -87; a NaN stays one.
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

// Tile of `out`: out[r][v] (+)= sum over k of rows[r][k] * panel[k][v], v running over COLUMNS vectors in each of PANELS
// panels. Every sum runs over k in order, whatever the shape of the tile: that is why neighbours do not matter.
template <int N, int PANELS, int COLUMNS, bool ADD, class Weight>
inline void multiply(const float* const* rows, const Weight* panel, int64_t size, float* out, int64_t stride) {
  constexpr int VECTORS = PANELS * COLUMNS;
  Floats sums[N][VECTORS] = {};
  for (int64_t k = 0; k < size; ++k) {
    Floats column[VECTORS];
    UNROLL for (int v = 0; v < VECTORS; ++v)
      column[v] = weights(panel + v / COLUMNS * size * COLUMNS * W + (k * COLUMNS + v % COLUMNS) * W);
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

// out[i] (+)= rows[i] times the weights, for `count` rows of `size` states; `panels` panels of COLUMNS vectors.
// Many rows take a panel after the other, each from the nearest cache; few rows take several panels at once, or each
// addition would wait for the one before.
template <int COLUMNS, bool ADD, class Weight>
inline void product(const float* const* rows, int64_t count, const Weight* packed, int64_t panels, int64_t size,
                    float* out, int64_t stride) {
  const auto panel_at = [&](int64_t panel) { return packed + panel * size * COLUMNS * W; };
  const auto out_at = [&](int64_t row, int64_t panel) { return out + row * stride + panel * COLUMNS * W; };
  int64_t panel = 0;
  if (count == 1)
    for (; panel + 4 <= panels; panel += 4)
      multiply<1, 4, COLUMNS, ADD>(rows, panel_at(panel), size, out_at(0, panel), stride);
  if (count == 2)
    for (; panel + 2 <= panels; panel += 2)
      multiply<2, 2, COLUMNS, ADD>(rows, panel_at(panel), size, out_at(0, panel), stride);
  for (; panel < panels; ++panel) {
    const Weight* from = panel_at(panel);
    int64_t row = 0;
    for (; row + ROWS <= count; row += ROWS)
      multiply<ROWS, 1, COLUMNS, ADD>(rows + row, from, size, out_at(row, panel), stride);
    if (ROWS > 4 && row + 4 <= count) {
      multiply<4, 1, COLUMNS, ADD>(rows + row, from, size, out_at(row, panel), stride);
      row += 4;
    }
    if (row + 2 <= count) {
      multiply<2, 1, COLUMNS, ADD>(rows + row, from, size, out_at(row, panel), stride);
      row += 2;
    }
    if (row < count) multiply<1, 1, COLUMNS, ADD>(rows + row, from, size, out_at(row, panel), stride);
  }
}

// Sequences without padding: sequence b has the tokens offsets[b] to offsets[b + 1] - 1; `order` lists the longest first.
struct Sequences {
  const int64_t *offsets, *order;
  int64_t length(int64_t b) const { return offsets[b + 1] - offsets[b]; }
};

// The sequences of one job, longest first, and where each of them stands at a step.
struct Job {
  int64_t direction;
  std::vector<int64_t> rows;
  std::vector<int64_t> tokens;  // of the first `active` rows

  // Takes the rows that last beyond step t to it; returns how many they are.
  int64_t at(const Sequences& sequences, int64_t t) {
    int64_t active = 0;
    while (active < static_cast<int64_t>(rows.size()) && sequences.length(rows[active]) > t) {
      tokens[active] = sequences.offsets[rows[active]] + t;
      ++active;
    }
    return active;
  }
};

// Deals directions and sequences out to jobs and runs them on at most `threads` threads, this one included.
template <class Work>
void run_jobs(int64_t threads, int64_t batch, int64_t directions, const Sequences& sequences, const Work& work) {
  const int64_t parts = std::max<int64_t>(1, std::min((threads + directions - 1) / directions, batch / ROWS));
  std::vector<Job> jobs(static_cast<size_t>(parts * directions));
  for (int64_t j = 0; j < parts * directions; ++j) {
    Job& job = jobs[j];
    job.direction = j % directions;
    for (int64_t row = j / directions; row < batch; row += parts) job.rows.push_back(sequences.order[row]);
    job.tokens.resize(job.rows.size());
  }
  std::atomic<size_t> next{0};
  const auto take = [&] {
    for (size_t j; (j = next++) < jobs.size();) work(jobs[j]);
  };
  std::vector<std::thread> others;
  try {
    while (static_cast<int64_t>(others.size()) + 1 < std::min<int64_t>(threads, jobs.size())) others.emplace_back(take);
  } catch (const std::system_error&) {  // no more threads to be had: those there are do the work
  }
  take();
  for (std::thread& other : others) other.join();
}

int64_t vectors(int64_t size) { return (size + W - 1) / W; }

// ---------------------------------------------------------------------------------------------------------------------
// GRU with the reset gate after the product. Blocks of gates stand in the order reset, update, candidate.

constexpr int GATES = 3;

// Rows of one job as the recurrence walks them: where each is read from, and its index in the tensors of a direction.
struct Step {
  int64_t direction, directions, hidden, batch;
  const Sequences& sequences;
  const float *initial, *states;

  int64_t token(const Job& job, int64_t i) const { return job.tokens[i] * directions + direction; }

  int64_t start(int64_t row) const { return (direction * batch + row) * hidden; }

  // The state that row i starts step t from.
  const float* before(const Job& job, int64_t i, int64_t t) const {
    const int64_t row = job.rows[i];
    if (t == (direction ? sequences.length(row) - 1 : 0)) return initial + start(row);
    return states + (token(job, i) + (direction ? directions : -directions)) * hidden;
  }
};

// From the products with the state, panel by panel [3][W], to the new state of one row. `x` are the input's shares with
// their biases, `c` the bias of the candidate's product, `kept` what the backward pass needs: both gates, the candidate
// and its product.
template <bool WHOLE>
inline void gru_unit(const float* products, const float* x, const float* c, const float* before, float* after,
                     float* kept, int64_t hidden, int64_t count) {
  const Floats r = sigmoid(load<WHOLE>(x, count) + load(products));
  const Floats z = sigmoid(load<WHOLE>(x + hidden, count) + load(products + W));
  const Floats p = load(products + 2 * W) + load<WHOLE>(c, count);
  const Floats n = hyperbolic_tangent(load<WHOLE>(x + 2 * hidden, count) + r * p);
  store<WHOLE>(after, n + z * (load<WHOLE>(before, count) - n), count);
  if (!kept) return;
  store<WHOLE>(kept, r, count);
  store<WHOLE>(kept + hidden, z, count);
  store<WHOLE>(kept + 2 * hidden, n, count);
  store<WHOLE>(kept + 3 * hidden, p, count);
}

NOINLINE void gru_units(const float* products, const float* x, const float* c, const float* before, float* after,
                        float* kept, int64_t hidden) {
  int64_t u = 0;
  for (; u + W <= hidden; u += W)
    gru_unit<true>(products + u * GATES, x + u, c + u, before + u, after + u, kept ? kept + u : kept, hidden, W);
  if (u < hidden)
    gru_unit<false>(products + u * GATES, x + u, c + u, before + u, after + u, kept ? kept + u : kept, hidden,
                    hidden - u);
}

template <class Weight>
void gru_forward(int64_t threads, int64_t batch, int64_t directions, int64_t hidden, const Sequences& sequences,
                 const float* x, const Weight* packed, const float* c, const float* initial, float* states,
                 float* kept) {
  const int64_t panels = vectors(hidden), stride = panels * GATES * W;
  run_jobs(threads, batch, directions, sequences, [&](Job& job) {
    const int64_t d = job.direction, steps = sequences.length(job.rows[0]);
    const Step step{d, directions, hidden, batch, sequences, initial, states};
    std::vector<const float*> before(job.rows.size());
    std::vector<float> products(job.rows.size() * stride);
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t t = d ? steps - 1 - s : s, active = job.at(sequences, t);
      for (int64_t i = 0; i < active; ++i) before[i] = step.before(job, i, t);
      product<GATES, false>(before.data(), active, packed + d * hidden * stride, panels, hidden, products.data(),
                            stride);
      for (int64_t i = 0; i < active; ++i) {
        const int64_t token = step.token(job, i);
        gru_units(products.data() + i * stride, x + token * GATES * hidden, c + d * hidden, before[i],
                  states + token * hidden, kept ? kept + token * 4 * hidden : nullptr, hidden);
      }
    }
  });
}

// The gradients of one row at one step before the recurrent product: of the input's shares to `grad_x`, of the state's
// to `grad_h`. `carried` arrives as the gradient from the step that came after and leaves as what the update gate lets
// through.
template <bool WHOLE>
inline void gru_unit_gradient(const float* grad, const float* kept, const float* before, float* carried, float* grad_x,
                              float* grad_h, int64_t hidden, int64_t count) {
  const Floats r = load<WHOLE>(kept, count), z = load<WHOLE>(kept + hidden, count);
  const Floats n = load<WHOLE>(kept + 2 * hidden, count), p = load<WHOLE>(kept + 3 * hidden, count);
  const Floats dh = load<WHOLE>(grad, count) + load(carried);
  const Floats dn = dh * (1.0f - z) * (1.0f - n * n);
  const Floats dr = dn * p * (r * (1.0f - r)), dz = dh * (load<WHOLE>(before, count) - n) * (z * (1.0f - z));
  store<WHOLE>(grad_x, dr, count);
  store<WHOLE>(grad_x + hidden, dz, count);
  store<WHOLE>(grad_x + 2 * hidden, dn, count);
  store<WHOLE>(grad_h, dr, count);
  store<WHOLE>(grad_h + hidden, dz, count);
  store<WHOLE>(grad_h + 2 * hidden, dn * r, count);
  store<true>(carried, dh * z, W);
}

NOINLINE void gru_unit_gradients(const float* grad, const float* kept, const float* before, float* carried,
                                 float* grad_x, float* grad_h, int64_t hidden) {
  int64_t u = 0;
  for (; u + W <= hidden; u += W)
    gru_unit_gradient<true>(grad + u, kept + u, before + u, carried + u, grad_x + u, grad_h + u, hidden, W);
  if (u < hidden)
    gru_unit_gradient<false>(grad + u, kept + u, before + u, carried + u, grad_x + u, grad_h + u, hidden, hidden - u);
}

void gru_backward(int64_t threads, int64_t batch, int64_t directions, int64_t hidden, const Sequences& sequences,
                  const float* grad, const float* states, const float* kept, const float* packed,
                  const float* initial, float* grad_x, float* grad_h, float* grad_initial) {
  const int64_t columns = vectors(hidden), thirds = columns / 3, rest = columns % 3, stride = columns * W;
  const int64_t size = GATES * hidden;
  run_jobs(threads, batch, directions, sequences, [&](Job& job) {
    const int64_t d = job.direction, steps = sequences.length(job.rows[0]);
    const Step step{d, directions, hidden, batch, sequences, initial, states};
    std::vector<const float*> rows(job.rows.size());
    std::vector<float> carried(job.rows.size() * stride);
    const float *head = packed + d * size * stride, *tail = head + thirds * 3 * size * W;
    float* last = carried.data() + thirds * 3 * W;
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t t = d ? s : steps - 1 - s, active = job.at(sequences, t);
      for (int64_t i = 0; i < active; ++i) {
        const int64_t token = step.token(job, i);
        gru_unit_gradients(grad + token * hidden, kept + token * 4 * hidden, step.before(job, i, t),
                           carried.data() + i * stride, grad_x + token * size, grad_h + token * size, hidden);
        rows[i] = grad_h + token * size;
      }
      product<3, true>(rows.data(), active, head, thirds, size, carried.data(), stride);
      if (rest == 2) product<2, true>(rows.data(), active, tail, 1, size, last, stride);
      if (rest == 1) product<1, true>(rows.data(), active, tail, 1, size, last, stride);
    }
    for (size_t i = 0; i < job.rows.size(); ++i)
      std::copy_n(carried.data() + i * stride, hidden, grad_initial + step.start(job.rows[i]));
  });
}

// packed[panel][k][g][w] = weights[g * size + panel * W + w][k], zeros where there is no such unit
template <class Weight>
void pack_gates(int64_t hidden, const float* weights, Weight* packed) {
  for (int64_t panel = 0; panel < vectors(hidden); ++panel, packed += hidden * GATES * W)
    for (int64_t g = 0; g < GATES; ++g)
      for (int w = 0; w < W; ++w) {
        const int64_t unit = panel * W + w;
        const float* from = weights + (g * hidden + unit) * hidden;
        for (int64_t k = 0; k < hidden; ++k) pack(unit < hidden ? from[k] : 0.0f, packed + (k * GATES + g) * W + w);
      }
}

// packed[panel][k][v][w] = weights[k][(3 panel + v) W + w], in panels of three vectors and one of those that are left
void pack_columns(int64_t hidden, const float* weights, float* packed) {
  for (int64_t column = 0; column < vectors(hidden); column += 3) {
    const int64_t unit = column * W, wide = std::min<int64_t>(3, vectors(hidden) - column) * W;
    for (int64_t k = 0; k < 3 * hidden; ++k, packed += wide) {
      const int64_t real = std::min(wide, hidden - unit);
      std::copy_n(weights + k * hidden + unit, real, packed);
      std::fill(packed + real, packed + wide, 0.0f);
    }
  }
}

}  // namespace

// Floats in a vector: sizes of packed weights are multiples of it.
EXPORT int64_t grunlp_width() { return W; }

// Packs recurrent weights (D, 3H, H) for the forward pass: into (D, panels, H, 3, W) floats, or as many bfloat16.
EXPORT void grunlp_gru_pack(int64_t directions, int64_t hidden, const float* weights, float* packed) {
  for (int64_t d = 0; d < directions; ++d)
    pack_gates(hidden, weights + d * 3 * hidden * hidden, packed + d * vectors(hidden) * hidden * GATES * W);
}
EXPORT void grunlp_gru_pack_bfloat16(int64_t directions, int64_t hidden, const float* weights, uint16_t* packed) {
  for (int64_t d = 0; d < directions; ++d)
    pack_gates(hidden, weights + d * 3 * hidden * hidden, packed + d * vectors(hidden) * hidden * GATES * W);
}

// The same for the backward pass: into D (3H) ceil(H / W) W floats.
EXPORT void grunlp_gru_pack_backward(int64_t directions, int64_t hidden, const float* weights, float* packed) {
  for (int64_t d = 0; d < directions; ++d)
    pack_columns(hidden, weights + d * 3 * hidden * hidden, packed + d * vectors(hidden) * 3 * hidden * W);
}

// N tokens of B sequences. x: (N, D, 3, H), the input's share with its bias and, for reset and update gate, the bias of
// the product; c: (D, H), that of the candidate's product; initial: (D, B, H); states: (N, D, H); kept: (N, D, 4, H),
// or null when there will be no backward pass.
EXPORT void grunlp_gru_forward(int64_t threads, int64_t batch, int64_t directions, int64_t hidden,
                               const int64_t* offsets, const int64_t* order, const float* x, const float* packed,
                               const float* c, const float* initial, float* states, float* kept) {
  gru_forward(threads, batch, directions, hidden, {offsets, order}, x, packed, c, initial, states, kept);
}
EXPORT void grunlp_gru_forward_bfloat16(int64_t threads, int64_t batch, int64_t directions, int64_t hidden,
                                        const int64_t* offsets, const int64_t* order, const float* x,
                                        const uint16_t* packed, const float* c, const float* initial, float* states) {
  gru_forward(threads, batch, directions, hidden, {offsets, order}, x, packed, c, initial, states, nullptr);
}

// grad: (N, D, H) of the states; grad_x and grad_h: (N, D, 3, H) of the input's and of the state's shares of the gates;
// grad_initial: (D, B, H).
EXPORT void grunlp_gru_backward(int64_t threads, int64_t batch, int64_t directions, int64_t hidden,
                                const int64_t* offsets, const int64_t* order, const float* grad, const float* states,
                                const float* kept, const float* packed, const float* initial, float* grad_x,
                                float* grad_h, float* grad_initial) {
  gru_backward(threads, batch, directions, hidden, {offsets, order}, grad, states, kept, packed, initial, grad_x, grad_h,
               grad_initial);
}
