// Sequences of unequal length without padding, distributed over threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <new>
#include <thread>
#include <vector>

#include "vectors.hpp"

namespace grunlp {

// Sequences without padding: sequence b has the tokens offsets[b] to offsets[b + 1] - 1; `order` lists them, longest first.
struct Sequences {
  const int64_t *offsets, *order;
  int64_t length(int64_t b) const { return offsets[b + 1] - offsets[b]; }
};

// The sequences of one job, longest first, and the current token of each.
struct Job {
  int64_t direction;
  std::vector<int64_t> rows;
  std::vector<int64_t> tokens;  // of the first `active` rows

  // Advances the rows that are longer than t to step t; returns their number.
  int64_t at(const Sequences& sequences, int64_t t) {
    int64_t active = 0;
    while (active < static_cast<int64_t>(rows.size()) && sequences.length(rows[active]) > t) {
      tokens[active] = sequences.offsets[rows[active]] + t;
      ++active;
    }
    return active;
  }
};

// Runs a function on several threads: `GOMP_parallel` of the OpenMP library that PyTorch uses. PyTorch's threads spin for
// a while after each operation; other threads would have to share the cores with them.
using Pool = void (*)(void (*function)(void*), void* argument, unsigned threads, unsigned flags);
inline std::atomic<Pool> pool{nullptr};

// Runs `take` on up to `threads` threads, this one included; they fetch the `count` jobs from a common counter.
template <class Take>
void run_on_threads(int64_t threads, int64_t count, Take& take) {
  if (threads <= 1 || count <= 1) return take();
  if (const Pool run = pool)  // always all threads: with fewer, it ends the others, and PyTorch has to restart them
    return run([](void* it) { (*static_cast<Take*>(it))(); }, &take, static_cast<unsigned>(threads), 0);
  std::vector<std::thread> others;
  others.reserve(std::min(threads, count) - 1);
  try {
    while (static_cast<int64_t>(others.size()) + 1 < std::min(threads, count)) others.emplace_back(std::ref(take));
  } catch (const std::exception&) {  // no more threads available: the existing ones do the work
  }
  take();
  for (std::thread& other : others) other.join();
}

// Calls work(0), ..., work(count - 1) in any order on at most `threads` threads.
template <class Work>
void run_all(int64_t threads, int64_t count, const Work& work) {
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  auto take = [&] {
    try {
      for (int64_t j; (j = next++) < count;) work(j);
    } catch (const std::exception&) {  // an exception that leaves a thread ends the process
      failed = true;
    }
  };
  run_on_threads(threads, count, take);
  if (failed) throw std::bad_alloc();
}

// Divides directions and sequences into jobs and runs them on at most `threads` threads.
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
  run_all(threads, jobs.size(), [&](int64_t j) { work(jobs[j]); });
}

}  // namespace grunlp
