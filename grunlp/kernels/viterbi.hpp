// Scores of the best paths through the labels of sequences (Viterbi 1967), forward pass only: the path itself is traced
// back from them afterwards.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "jobs.hpp"

namespace grunlp {

// emissions, scores: (B, T, K); lengths: (B), each at least 1; start: (K); moves: (K, K), from the row's label to the
// column's. scores[b, t, k] is that of the best path that ends in label k at step t; constant beyond the length.
inline void best_scores(int64_t threads, int64_t batch, int64_t steps, int64_t labels, const int64_t* lengths,
                        const float* emissions, const float* start, const float* moves, float* scores) {
  run_all(threads, batch, [&](int64_t b) {
    std::vector<float> best(labels);
    const float* emitted = emissions + b * steps * labels;
    float* now = scores + b * steps * labels;
    for (int64_t k = 0; k < labels; ++k) now[k] = start[k] + emitted[k];
    for (int64_t t = 1; t < steps; ++t, now += labels) {
      float* next = now + labels;
      emitted += labels;
      if (t >= lengths[b]) {
        std::copy_n(now, labels, next);
        continue;
      }
      for (int64_t k = 0; k < labels; ++k) best[k] = now[0] + moves[k];
      for (int64_t from = 1; from < labels; ++from) {
        const float score = now[from];
        const float* move = moves + from * labels;
        for (int64_t k = 0; k < labels; ++k) {
          const float reached = score + move[k];
          best[k] = reached > best[k] ? reached : best[k];
        }
      }
      for (int64_t k = 0; k < labels; ++k) next[k] = best[k] + emitted[k];
    }
  });
}

}  // namespace grunlp
