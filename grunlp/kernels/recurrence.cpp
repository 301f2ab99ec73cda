// The recurrence of one layer over sequences of unequal length, forward and backward, on the CPU.
//
// Everything that does not depend on the state is computed in large matrix products: the products with all inputs
// before the recurrence (by a library in training, by `affine` for inference), the gradients of all weights after it.
// At each step only the product of the states with the recurrent weights (product.hpp) and the gates (cells.hpp) remain.
//
//   * Sequences are concatenated without padding; nothing is computed beyond the end of a sequence.
//   * A job is one direction of some of the sequences, through all their steps, so that no thread waits for another.
//     The result of a sequence depends neither on the jobs nor on the other sequences, to the last bit.
//
// The interface is plain C functions over pointers, so that one binary serves every version of Python and PyTorch. The
// file is compiled once for each instruction set, and `loader.py` loads the best one for the processor.
#include <exception>

#include "cells.hpp"
#include "jobs.hpp"
#include "product.hpp"
#include "viterbi.hpp"

#if defined(_WIN32)
#define EXPORT extern "C" __declspec(dllexport)
#else
#define EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace grunlp {

// Inputs of both passes of a layer. N tokens, B sequences, D directions, H units.
struct Layer {
  int64_t threads, batch, directions, hidden;
  Sequences sequences;
  const float *initial;  // (D, B, STATES H)

  int64_t states;  // STATES of the cell

  const float* initial_of(int64_t d, int64_t b) const { return initial + (d * batch + b) * states * hidden; }
};

// One direction of a layer, at a step of a job.
struct Place {
  const Layer& layer;
  const Job& job;
  int64_t t;

  int64_t row(int64_t i) const { return job.rows[i]; }
  // Index of row i's token among all tokens and directions.
  int64_t token(int64_t i) const { return job.tokens[i] * layer.directions + job.direction; }
  bool first(int64_t i) const { return t == (job.direction ? layer.sequences.length(row(i)) - 1 : 0); }
  int64_t previous(int64_t i) const { return token(i) + (job.direction ? layer.directions : -layer.directions); }
  const float* before(int64_t i, const float* states) const {
    return first(i) ? layer.initial_of(job.direction, row(i)) : states + previous(i) * layer.hidden;
  }
};

// Number of packed recurrent weights of one direction.
template <class Cell, class Weight>
int64_t forward_size(int64_t hidden) {
  const int64_t first = Cell::PRODUCTS == 2 ? 2 : Cell::GATES;
  return packed_size<Weight>(hidden, first * hidden) + packed_size<Weight>(hidden, (Cell::GATES - first) * hidden);
}
template <class Cell>
int64_t backward_size(int64_t hidden) {
  const int64_t first = Cell::PRODUCTS == 2 ? 2 : Cell::GATES;
  return packed_size<float>(first * hidden, hidden) + packed_size<float>((Cell::GATES - first) * hidden, hidden);
}

// u: (D, GATES H, H). The forward product uses its transpose, the backward product the matrix itself.
template <class Cell, class Weight>
void pack_forward(int64_t directions, int64_t hidden, const Weight* u, Weight* packed) {
  const int64_t H = hidden;
  for (int64_t d = 0; d < directions; ++d, u += Cell::GATES * H * H, packed += forward_size<Cell, Weight>(H)) {
    if constexpr (Cell::PRODUCTS == 2) {
      pack(H, 2 * H, u, 1, H, packed);
      pack(H, H, u + 2 * H * H, 1, H, packed + packed_size<Weight>(H, 2 * H));
    } else {
      pack(H, Cell::GATES * H, u, 1, H, packed);
    }
  }
}
template <class Cell>
void pack_backward(int64_t directions, int64_t hidden, const float* u, float* packed) {
  const int64_t H = hidden;
  for (int64_t d = 0; d < directions; ++d, u += Cell::GATES * H * H, packed += backward_size<Cell>(H)) {
    if constexpr (Cell::PRODUCTS == 2) {
      pack(2 * H, H, u, H, 1, packed);
      pack(H, H, u + 2 * H * H, H, 1, packed + packed_size<float>(2 * H, H));
    } else {
      pack(Cell::GATES * H, H, u, H, 1, packed);
    }
  }
}

// x: (N, D, GATES H); c: (D, H) or null; states: (N, D, H); final: (D, B, STATES H); kept: (N, D, KEPT H) or null.
template <class Cell, class Weight>
void forward(const Layer& layer, const float* x, const Weight* packed, const float* c, float* states, float* final,
             float* kept) {
  const int64_t H = layer.hidden, padded = vectors(H) * W, stride = (Cell::GATES + 1) * H + padded;
  run_jobs(layer.threads, layer.batch, layer.directions, layer.sequences, [&](Job& job) {
    const int64_t d = job.direction, count = job.rows.size(), steps = layer.sequences.length(job.rows[0]);
    const Weight* weights = packed + d * forward_size<Cell, Weight>(H);
    std::vector<const float*> before(count), reset(Cell::PRODUCTS == 2 ? count : 0);
    std::vector<float> products(count * stride), memory(Cell::STATES == 2 ? count * padded : 0);
    for (int64_t i = 0; i < count && Cell::STATES == 2; ++i)
      std::copy_n(layer.initial_of(d, job.rows[i]) + H, H, memory.data() + i * padded);
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t t = d ? steps - 1 - s : s, active = job.at(layer.sequences, t);
      const Place place{layer, job, t};
      for (int64_t i = 0; i < active; ++i) before[i] = place.before(i, states);
      const auto addresses = [&](int64_t i) {
        const int64_t token = place.token(i);
        return Forward{products.data() + i * stride,
                       x + token * Cell::GATES * H,
                       c ? c + d * H : c,
                       before[i],
                       Cell::STATES == 2 ? memory.data() + i * padded : nullptr,
                       states + token * H,
                       kept ? kept + token * Cell::KEPT * H : kept,
                       H};
      };
      if constexpr (Cell::PRODUCTS == 2) {
        product<false>(before.data(), active, weights, H, 2 * H, products.data(), stride, s % 2);
        for (int64_t i = 0; i < active; ++i) {
          for_units<typename Cell::Gates>(addresses(i));
          reset[i] = products.data() + i * stride;
        }
        product<false>(reset.data(), active, weights + packed_size<Weight>(H, 2 * H), H, H, products.data() + 2 * H,
                       stride, s % 2);
        for (int64_t i = 0; i < active; ++i) for_units<typename Cell::State>(addresses(i));
      } else {
        if constexpr (Cell::PRODUCTS == 1)
          product<false>(before.data(), active, weights, H, Cell::GATES * H, products.data(), stride, s % 2);
        for (int64_t i = 0; i < active; ++i) for_units<typename Cell::Step>(addresses(i));
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      const int64_t b = job.rows[i], length = layer.sequences.length(b);
      const int64_t last = layer.sequences.offsets[b] + (d ? 0 : length - 1);
      float* to = final + (d * layer.batch + b) * Cell::STATES * H;
      std::copy_n(length ? states + (last * layer.directions + d) * H : layer.initial_of(d, b), H, to);
      if (Cell::STATES == 2) std::copy_n(memory.data() + i * padded, H, to + H);
    }
  });
}

// grad: (N, D, H) of the states; grad_final: (D, B, STATES H); grad_x: (N, D, GATES H) of the input projection; grad_h:
// of the recurrent projection, only for the GRU with the reset gate after the product; grad_initial: as grad_final.
template <class Cell>
void backward(const Layer& layer, const float* grad, const float* grad_final, const float* states, const float* kept,
              const float* packed, float* grad_x, float* grad_h, float* grad_initial) {
  const int64_t H = layer.hidden, padded = vectors(H) * W, stride = Cell::STATES * padded;
  constexpr int64_t GATES = Cell::GATES;
  run_jobs(layer.threads, layer.batch, layer.directions, layer.sequences, [&](Job& job) {
    const int64_t d = job.direction, count = job.rows.size(), steps = layer.sequences.length(job.rows[0]);
    const float* weights = packed + d * backward_size<Cell>(H);
    std::vector<const float*> rows(count), candidates(Cell::PRODUCTS == 2 ? count : 0);
    std::vector<float> carried(count * stride), reset(Cell::PRODUCTS == 2 ? count * padded : 0);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t part = 0; part < Cell::STATES; ++part)
        std::copy_n(grad_final + ((d * layer.batch + job.rows[i]) * Cell::STATES + part) * H, H,
                    carried.data() + i * stride + part * padded);
    for (int64_t s = 0; s < steps; ++s) {
      const int64_t t = d ? s : steps - 1 - s, active = job.at(layer.sequences, t);
      const Place place{layer, job, t};
      const auto addresses = [&](int64_t i) {
        const int64_t token = place.token(i);
        const float* memory = nullptr;
        if (Cell::STATES == 2)
          memory = place.first(i) ? layer.initial_of(d, job.rows[i]) + H
                                  : kept + place.previous(i) * Cell::KEPT * H + (Cell::KEPT - 1) * H;
        return Backward{grad + token * H,
                        kept ? kept + token * Cell::KEPT * H : kept,
                        place.before(i, states),
                        states + token * H,
                        memory,
                        carried.data() + i * stride,
                        Cell::STATES == 2 ? carried.data() + i * stride + padded : nullptr,
                        grad_x + token * GATES * H,
                        Cell::PRODUCTS == 2 ? reset.data() + i * padded : grad_h ? grad_h + token * GATES * H : nullptr,
                        H};
      };
      if constexpr (Cell::PRODUCTS == 2) {
        for (int64_t i = 0; i < active; ++i) {
          for_units<typename Cell::CandidateGradient>(addresses(i));
          rows[i] = grad_x + place.token(i) * GATES * H;
          candidates[i] = rows[i] + 2 * H;
        }
        product<false>(candidates.data(), active, weights + packed_size<float>(2 * H, H), H, H, reset.data(), padded,
                       s % 2);
        for (int64_t i = 0; i < active; ++i) for_units<typename Cell::ResetGradient>(addresses(i));
        product<true>(rows.data(), active, weights, 2 * H, H, carried.data(), stride, s % 2);
      } else {
        for (int64_t i = 0; i < active; ++i) {
          for_units<typename Cell::Gradient>(addresses(i));
          rows[i] = (grad_h ? grad_h : grad_x) + place.token(i) * GATES * H;
        }
        if constexpr (Cell::PRODUCTS == 1)
          product<true>(rows.data(), active, weights, GATES * H, H, carried.data(), stride, s % 2);
      }
    }
    for (int64_t i = 0; i < count; ++i)
      for (int64_t part = 0; part < Cell::STATES; ++part)
        std::copy_n(carried.data() + i * stride + part * padded, H,
                    grad_initial + ((d * layer.batch + job.rows[i]) * Cell::STATES + part) * H);
  });
}

// out (N, C) = bias + x (N, I) times a packed matrix (I, C). The rows and columns of a job fit into its cache.
template <class Weight>
void affine(int64_t threads, int64_t count, int64_t size, int64_t columns, const float* x, const Weight* packed,
            const float* bias, float* out) {
  constexpr int64_t TALL = 64, BROAD = 8 * WIDE * W;
  const int64_t across = (columns + BROAD - 1) / BROAD;
  run_all(threads, (count + TALL - 1) / TALL * across, [&](int64_t job) {
    const int64_t row = job / across * TALL, rows = std::min(TALL, count - row);
    const int64_t column = job % across * BROAD, broad = std::min(BROAD, columns - column);
    std::vector<const float*> from(rows);
    std::vector<float> products(rows * BROAD);
    for (int64_t i = 0; i < rows; ++i) from[i] = x + (row + i) * size;
    product<false>(from.data(), rows, packed + packed_rows<Weight>(size) * column, size, broad, products.data(), BROAD,
                   false);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t n = 0; n < broad; ++n)
        out[(row + i) * columns + column + n] = bias[column + n] + products[i * BROAD + n];
  });
}

// Calls `work(Cell())` for the cell of that number, in the order of `KERNEL_CELLS` in `loader.py`.
template <class Work>
void with_cell(int64_t cell, const Work& work) {
  if (cell == 0) work(Gru());
  if (cell == 1) work(GruBefore());
  if (cell == 2) work(Lstm());
  if (cell == 3) work(Rnn());
  if (cell == 4) work(MinGru());
}

// Calls `work` and returns 0, or 1 if there was not enough memory: no exception may reach the caller.
template <class Work>
int64_t attempt(const Work& work) {
  try {
    work();
  } catch (const std::exception&) {
    return 1;
  }
  return 0;
}

}  // namespace grunlp

using namespace grunlp;

// Required of an extension module by Windows' linker; Python never imports this library.
#ifdef GRUNLP_INIT
EXPORT void* GRUNLP_INIT() { return nullptr; }
#endif

// Number of floats in a vector.
EXPORT int64_t grunlp_width() { return W; }

// Sets where jobs run: the address of `GOMP_parallel`, or null for own threads.
EXPORT void grunlp_use_pool(void* address) { pool = reinterpret_cast<Pool>(address); }

// Number of packed weights of all directions: for the forward pass in float, or in bfloat16 with `half`; or for the
// backward pass with `back`.
EXPORT int64_t grunlp_packed_size(int64_t cell, int64_t directions, int64_t hidden, int64_t half, int64_t back) {
  int64_t size = 0;
  with_cell(cell, [&](auto kind) {
    using Cell = decltype(kind);
    size = back   ? backward_size<Cell>(hidden)
           : half ? forward_size<Cell, BFloat16>(hidden)
                  : forward_size<Cell, float>(hidden);
  });
  return directions * size;
}

// Pack recurrent weights (D, GATES H, H), for the forward pass (float, or bfloat16 with `half`) or the backward pass.
EXPORT void grunlp_pack(int64_t cell, int64_t directions, int64_t hidden, int64_t half, const void* u, void* packed) {
  with_cell(cell, [&](auto kind) {
    using Cell = decltype(kind);
    if (half)
      pack_forward<Cell>(directions, hidden, static_cast<const BFloat16*>(u), static_cast<BFloat16*>(packed));
    else
      pack_forward<Cell>(directions, hidden, static_cast<const float*>(u), static_cast<float*>(packed));
  });
}
EXPORT void grunlp_pack_backward(int64_t cell, int64_t directions, int64_t hidden, const float* u, float* packed) {
  with_cell(cell, [&](auto kind) { pack_backward<decltype(kind)>(directions, hidden, u, packed); });
}

// With `half`, the packed weights are in bfloat16.
EXPORT int64_t grunlp_forward(int64_t cell, int64_t threads, int64_t batch, int64_t directions, int64_t hidden,
                              int64_t half, const int64_t* offsets, const int64_t* order, const float* initial,
                              const float* x, const void* packed, const float* c, float* states, float* final,
                              float* kept) {
  return attempt([&] {
    with_cell(cell, [&](auto kind) {
      using Cell = decltype(kind);
      const Layer layer{threads, batch, directions, hidden, {offsets, order}, initial, Cell::STATES};
      if (half)
        forward<Cell>(layer, x, static_cast<const BFloat16*>(packed), c, states, final, kept);
      else
        forward<Cell>(layer, x, static_cast<const float*>(packed), c, states, final, kept);
    });
  });
}
EXPORT int64_t grunlp_backward(int64_t cell, int64_t threads, int64_t batch, int64_t directions, int64_t hidden,
                               const int64_t* offsets, const int64_t* order, const float* initial, const float* grad,
                               const float* grad_final, const float* states, const float* kept, const float* packed,
                               float* grad_x, float* grad_h, float* grad_initial) {
  return attempt([&] {
    with_cell(cell, [&](auto kind) {
      using Cell = decltype(kind);
      const Layer layer{threads, batch, directions, hidden, {offsets, order}, initial, Cell::STATES};
      backward<Cell>(layer, grad, grad_final, states, kept, packed, grad_x, grad_h, grad_initial);
    });
  });
}

// The same for one matrix (columns, size), whose transpose `grunlp_affine` uses.
EXPORT int64_t grunlp_matrix_size(int64_t size, int64_t columns, int64_t half) {
  return half ? packed_size<BFloat16>(size, columns) : packed_size<float>(size, columns);
}
EXPORT void grunlp_pack_matrix(int64_t size, int64_t columns, int64_t half, const void* w, void* packed) {
  if (half)
    pack(size, columns, static_cast<const BFloat16*>(w), 1, size, static_cast<BFloat16*>(packed));
  else
    pack(size, columns, static_cast<const float*>(w), 1, size, static_cast<float*>(packed));
}
EXPORT int64_t grunlp_affine(int64_t threads, int64_t count, int64_t size, int64_t columns, int64_t half, const float* x,
                             const void* packed, const float* bias, float* out) {
  return attempt([&] {
    if (half)
      affine(threads, count, size, columns, x, static_cast<const BFloat16*>(packed), bias, out);
    else
      affine(threads, count, size, columns, x, static_cast<const float*>(packed), bias, out);
  });
}

// Viterbi scores, also a recurrence over steps.
EXPORT int64_t grunlp_best_scores(int64_t threads, int64_t batch, int64_t steps, int64_t labels, const int64_t* lengths,
                                  const float* emissions, const float* start, const float* moves, float* scores) {
  return attempt([&] { best_scores(threads, batch, steps, labels, lengths, emissions, start, moves, scores); });
}
