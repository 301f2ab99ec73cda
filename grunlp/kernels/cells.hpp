// One step of one row of each cell, forward and backward, a vector of units at a time.
//
// Names as in `grunlp/modules/gru.py`: r, z, n for the reset gate, the update gate and the candidate; p for the product
// U_n h + c_n that the reset gate multiplies. LSTM: i, f, g, o as in PyTorch, and m for its memory cell.
#pragma once

#include "vectors.hpp"

namespace grunlp {

// Addresses of one unit in all arrays that a step of a row reads and writes; the gates are blocks of `hidden` floats.
struct Forward {
  const float *products;  // state times recurrent weights, a block for each gate
  const float *x;         // input projection with its biases, a block for each gate
  const float *c;         // bias of the candidate's recurrent product; only for the GRU with the reset gate after it
  const float *before;    // state
  float *memory;          // LSTM, in and out
  float *after;           // the new state
  float *kept;            // saved for the backward pass, or null
  int64_t hidden;

  Forward at(int64_t u) const {
    return {products + u, x + u,     c ? c + u : c,         before + u, memory ? memory + u : memory,
            after + u,    kept ? kept + u : kept, hidden};
  }
};

struct Backward {
  const float *grad;            // of the new state, from outside
  const float *kept;            // by the forward pass
  const float *before, *after;  // states
  const float *memory;          // LSTM, before the step
  float *carried;               // gradient from the later step; on return without the part through the product
  float *carried_memory;        // LSTM
  float *grad_x;                // of the input projection
  float *grad_h;                // of the recurrent projection, where it differs
  int64_t hidden;

  Backward at(int64_t u) const {
    return {grad + u,    kept ? kept + u : kept, before + u, after + u, memory ? memory + u : memory,
            carried + u, carried_memory ? carried_memory + u : carried_memory,
            grad_x + u,  grad_h ? grad_h + u : grad_h, hidden};
  }
};

// Calls Step::template run<WHOLE>(addresses, count) for all units of a row.
template <class Step, class Addresses>
NOINLINE void for_units(const Addresses& row) {
  int64_t u = 0;
  for (; u + W <= row.hidden; u += W) Step::template run<true>(row.at(u), W);
  if (u < row.hidden) Step::template run<false>(row.at(u), row.hidden - u);
}

template <bool WHOLE>
inline Floats block(const float* from, int64_t index, int64_t hidden, int64_t count) {
  return load<WHOLE>(from + index * hidden, count);
}
template <bool WHOLE>
inline void set_block(float* to, int64_t index, int64_t hidden, int64_t count, Floats x) {
  store<WHOLE>(to + index * hidden, x, count);
}

// GRU, reset gate after the product: n = tanh(x_n + r (U_n h + c_n)).
struct Gru {
  static constexpr int GATES = 3, STATES = 1, KEPT = 4, PRODUCTS = 1;

  struct Step {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats r = sigmoid(block<WHOLE>(s.x, 0, H, count) + block<WHOLE>(s.products, 0, H, count));
      const Floats z = sigmoid(block<WHOLE>(s.x, 1, H, count) + block<WHOLE>(s.products, 1, H, count));
      const Floats p = block<WHOLE>(s.products, 2, H, count) + load<WHOLE>(s.c, count);
      const Floats n = hyperbolic_tangent(block<WHOLE>(s.x, 2, H, count) + r * p);
      store<WHOLE>(s.after, n + z * (load<WHOLE>(s.before, count) - n), count);
      if (!s.kept) return;
      set_block<WHOLE>(s.kept, 0, H, count, r);
      set_block<WHOLE>(s.kept, 1, H, count, z);
      set_block<WHOLE>(s.kept, 2, H, count, n);
      set_block<WHOLE>(s.kept, 3, H, count, p);
    }
  };

  struct Gradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats r = block<WHOLE>(s.kept, 0, H, count), z = block<WHOLE>(s.kept, 1, H, count);
      const Floats n = block<WHOLE>(s.kept, 2, H, count), p = block<WHOLE>(s.kept, 3, H, count);
      const Floats dh = load<WHOLE>(s.grad, count) + load(s.carried);
      const Floats dn = dh * (1.0f - z) * (1.0f - n * n);
      const Floats dr = dn * p * (r * (1.0f - r)), dz = dh * (load<WHOLE>(s.before, count) - n) * (z * (1.0f - z));
      set_block<WHOLE>(s.grad_x, 0, H, count, dr);
      set_block<WHOLE>(s.grad_x, 1, H, count, dz);
      set_block<WHOLE>(s.grad_x, 2, H, count, dn);
      set_block<WHOLE>(s.grad_h, 0, H, count, dr);
      set_block<WHOLE>(s.grad_h, 1, H, count, dz);
      set_block<WHOLE>(s.grad_h, 2, H, count, dn * r);
      store<true>(s.carried, dh * z, W);
    }
  };
};

// GRU, reset gate before the product: n = tanh(x_n + U_n (r h)). Two products in a step, hence two parts in each pass.
struct GruBefore {
  static constexpr int GATES = 3, STATES = 1, KEPT = 3, PRODUCTS = 2;

  // The gates; replaces the product of the reset gate by r h.
  struct Gates {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      const int64_t H = s.hidden;
      float* products = const_cast<float*>(s.products);
      const Floats r = sigmoid(block<WHOLE>(s.x, 0, H, count) + block<WHOLE>(s.products, 0, H, count));
      const Floats z = sigmoid(block<WHOLE>(s.x, 1, H, count) + block<WHOLE>(s.products, 1, H, count));
      set_block<WHOLE>(products, 0, H, count, r * load<WHOLE>(s.before, count));
      set_block<WHOLE>(products, 1, H, count, z);
      if (!s.kept) return;
      set_block<WHOLE>(s.kept, 0, H, count, r);
      set_block<WHOLE>(s.kept, 1, H, count, z);
    }
  };
  struct State {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats z = block<WHOLE>(s.products, 1, H, count);
      const Floats n = hyperbolic_tangent(block<WHOLE>(s.x, 2, H, count) + block<WHOLE>(s.products, 2, H, count));
      store<WHOLE>(s.after, n + z * (load<WHOLE>(s.before, count) - n), count);
      if (s.kept) set_block<WHOLE>(s.kept, 2, H, count, n);
    }
  };

  // Gradients of candidate and update gate; then that of the reset gate, from the gradient of r h in `grad_h`.
  struct CandidateGradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats z = block<WHOLE>(s.kept, 1, H, count), n = block<WHOLE>(s.kept, 2, H, count);
      const Floats dh = load<WHOLE>(s.grad, count) + load(s.carried);
      set_block<WHOLE>(s.grad_x, 1, H, count, dh * (load<WHOLE>(s.before, count) - n) * (z * (1.0f - z)));
      set_block<WHOLE>(s.grad_x, 2, H, count, dh * (1.0f - z) * (1.0f - n * n));
      store<true>(s.carried, dh * z, W);
    }
  };
  struct ResetGradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats r = block<WHOLE>(s.kept, 0, H, count), drh = load(s.grad_h);
      set_block<WHOLE>(s.grad_x, 0, H, count, drh * load<WHOLE>(s.before, count) * (r * (1.0f - r)));
      store<true>(s.carried, load(s.carried) + drh * r, W);
    }
  };
};

// LSTM as in PyTorch, without peepholes: m = f m + i g, h = o tanh(m).
struct Lstm {
  static constexpr int GATES = 4, STATES = 2, KEPT = 5, PRODUCTS = 1;

  struct Step {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats i = sigmoid(block<WHOLE>(s.x, 0, H, count) + block<WHOLE>(s.products, 0, H, count));
      const Floats f = sigmoid(block<WHOLE>(s.x, 1, H, count) + block<WHOLE>(s.products, 1, H, count));
      const Floats g = hyperbolic_tangent(block<WHOLE>(s.x, 2, H, count) + block<WHOLE>(s.products, 2, H, count));
      const Floats o = sigmoid(block<WHOLE>(s.x, 3, H, count) + block<WHOLE>(s.products, 3, H, count));
      const Floats m = f * load(s.memory) + i * g;
      store<true>(s.memory, m, W);
      store<WHOLE>(s.after, o * hyperbolic_tangent(m), count);
      if (!s.kept) return;
      set_block<WHOLE>(s.kept, 0, H, count, i);
      set_block<WHOLE>(s.kept, 1, H, count, f);
      set_block<WHOLE>(s.kept, 2, H, count, g);
      set_block<WHOLE>(s.kept, 3, H, count, o);
      set_block<WHOLE>(s.kept, 4, H, count, m);
    }
  };

  struct Gradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats i = block<WHOLE>(s.kept, 0, H, count), f = block<WHOLE>(s.kept, 1, H, count);
      const Floats g = block<WHOLE>(s.kept, 2, H, count), o = block<WHOLE>(s.kept, 3, H, count);
      const Floats t = hyperbolic_tangent(block<WHOLE>(s.kept, 4, H, count));
      const Floats dh = load<WHOLE>(s.grad, count) + load(s.carried);
      const Floats dm = load(s.carried_memory) + dh * o * (1.0f - t * t);
      set_block<WHOLE>(s.grad_x, 0, H, count, dm * g * (i * (1.0f - i)));
      set_block<WHOLE>(s.grad_x, 1, H, count, dm * load<WHOLE>(s.memory, count) * (f * (1.0f - f)));
      set_block<WHOLE>(s.grad_x, 2, H, count, dm * i * (1.0f - g * g));
      set_block<WHOLE>(s.grad_x, 3, H, count, dh * t * (o * (1.0f - o)));
      store<true>(s.carried, Floats{}, W);
      store<true>(s.carried_memory, dm * f, W);
    }
  };
};

// The simple recurrent network (Elman 1990) with tanh.
struct Rnn {
  static constexpr int GATES = 1, STATES = 1, KEPT = 0, PRODUCTS = 1;

  struct Step {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      store<WHOLE>(s.after, hyperbolic_tangent(load<WHOLE>(s.x, count) + load<WHOLE>(s.products, count)), count);
    }
  };

  struct Gradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const Floats h = load<WHOLE>(s.after, count), dh = load<WHOLE>(s.grad, count) + load(s.carried);
      store<WHOLE>(s.grad_x, dh * (1.0f - h * h), count);
      store<true>(s.carried, Floats{}, W);
    }
  };
};

// The minimal GRU, whose gate and candidate do not depend on the state: h = h + z (n - h), all of z and n from the input.
struct MinGru {
  static constexpr int GATES = 2, STATES = 1, KEPT = 2, PRODUCTS = 0;

  struct Step {
    template <bool WHOLE>
    static void run(const Forward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats z = sigmoid(block<WHOLE>(s.x, 0, H, count)), x = block<WHOLE>(s.x, 1, H, count);
      const Floats n = x >= all(0.0f) ? x + 0.5f : sigmoid(x), before = load<WHOLE>(s.before, count);
      store<WHOLE>(s.after, before + z * (n - before), count);
      if (!s.kept) return;
      set_block<WHOLE>(s.kept, 0, H, count, z);
      set_block<WHOLE>(s.kept, 1, H, count, n);
    }
  };

  struct Gradient {
    template <bool WHOLE>
    static void run(const Backward& s, int64_t count) {
      const int64_t H = s.hidden;
      const Floats z = block<WHOLE>(s.kept, 0, H, count), n = block<WHOLE>(s.kept, 1, H, count);
      const Floats dh = load<WHOLE>(s.grad, count) + load(s.carried), dn = dh * z;
      set_block<WHOLE>(s.grad_x, 0, H, count, dn * (n - load<WHOLE>(s.before, count)) * (1.0f - z));
      set_block<WHOLE>(s.grad_x, 1, H, count, n >= all(0.5f) ? dn : dn * n * (1.0f - n));
      store<true>(s.carried, dh - dn, W);
    }
  };
};

}  // namespace grunlp
