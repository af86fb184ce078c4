#include "core/space/plotter.hpp"

#include "core/space/bins.hpp"
#include "core/space/tables.hpp"

#include <algorithm>
#include <array>
#include <barrier>
#include <new>
#include <thread>

namespace spacetime::space {
namespace {
constexpr std::size_t batch = 128;         // states per call of a kernel
constexpr unsigned partition_log2 = 14;    // entries that fit in half of L2
constexpr std::size_t scan_log2 = 14;      // x values per work item
constexpr std::size_t fill_step = 1 << 19; // 4 MiB between looks at the flag

/// Bits of a section's partitions for table t: small enough for the cache,
/// and four or more for each key so that threads find work.
unsigned partition_bits(const plot_params& p, unsigned table) {
  const auto field = p.k - section_bits(p.k);
  return std::max(field > partition_log2 ? field - partition_log2 : 0,
                  key_bits(p, table) + 2);
}

/// Range bins of the fragments.
unsigned fragment_bits(const plot_params& p) {
  return p.k - partition_log2;
}

/// Candidate pairs that wait for their hash.
struct ring {
  std::size_t count = 0;
  std::array<std::uint64_t, batch> left, right;
  std::array<std::uint32_t, batch> left_xbits, right_xbits;
};

/// What one thread writes; nobody else does while a phase lasts.
struct alignas(64) worker {
  unsigned number = 0;
  chunk_pool pool;
  std::vector<bin<entry>> in, out; // tables by section and partition
  std::vector<bin<entry>> lefts;   // left entries of one key
  std::vector<bin<std::uint64_t>> fragments;
  std::vector<entry> rights;           // one partition by target
  std::vector<std::uint32_t> heads;    // where each target's entries start
  std::vector<std::uint64_t> unsorted; // one range of fragments
  ring pairs;
};

/// One run of the plotter. All threads walk through the same phases; in a
/// phase they draw work items, between two phases thread 0 tidies up alone.
class job {
public:
  job(const plot_params& p, const plot_options& options)
      : plot_(p), k_(p.k), sections_(section_bits(p.k)), options_(options),
        workers_(std::clamp(options.threads, 1u, 256u)),
        barrier_(static_cast<std::ptrdiff_t>(workers_.size())),
        total_(plot_units(p)) {
    for (unsigned i = 0; i < workers_.size(); ++i) workers_[i].number = i;
  }

  result<std::vector<std::uint64_t>> run() {
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < workers_.size(); ++i)
        threads.emplace_back([this, i] { walk(workers_[i]); });
      walk(workers_[0]);
    }
    if (no_memory_) return fail(errc::out_of_memory, "the plot's tables");
    if (stop_) return fail(errc::cancelled);
    return std::move(sorted_);
  }

private:
  void walk(worker& me);
  template <unsigned Table>
  bool make_table(worker& me);
  void scan(worker& me, std::size_t block);
  template <unsigned Table>
  void scatter(worker& me, std::uint32_t section, std::uint32_t key,
               std::size_t partition);
  template <unsigned Table>
  void join(worker& me, std::uint32_t section, std::uint32_t key,
            std::size_t part);
  void sort_rights(worker& me, std::size_t partition, unsigned low_bits);
  template <unsigned Table>
  void hash_pairs(worker& me);
  template <unsigned Table>
  void emit(worker& me, std::size_t i, std::uint64_t meta_left,
            std::uint64_t meta_right, const pairing& r);
  void sort_fragments(worker& me, std::size_t range);
  void make_room_for_fragments();

  template <unsigned Table>
  void free_section(std::uint32_t section);
  template <unsigned Table>
  void end_table();

  template <class Work, class Tidy>
  bool phase(worker& me, std::size_t items, std::uint64_t units, Work&& work,
             Tidy&& tidy);

  [[nodiscard]] bool cancelled() const {
    return options_.cancel != nullptr
           && options_.cancel->load(std::memory_order_relaxed);
  }
  /// Bits of a match info below section and partition.
  [[nodiscard]] unsigned low_bits(unsigned table) const {
    return k_ - sections_ - partition_bits(plot_.params(), table);
  }
  [[nodiscard]] std::size_t bin_count(unsigned table) const {
    return std::size_t{1} << (sections_
                              + partition_bits(plot_.params(), table));
  }

  const tables plot_;
  const unsigned k_, sections_;
  const plot_options& options_;
  std::vector<worker> workers_;
  std::barrier<> barrier_;
  alignas(64) std::atomic<std::size_t> next_ = 0;
  bool stop_ = false, no_memory_ = false; // written between phases only
  std::uint64_t done_ = 0, total_;
  std::vector<std::uint64_t> starts_; // of each range of fragments
  std::vector<std::uint64_t> sorted_;
};

template <class Work, class Tidy>
bool job::phase(worker& me, std::size_t items, std::uint64_t units, Work&& work,
                Tidy&& tidy) {
  while (!cancelled()) {
    const auto item = next_.fetch_add(1, std::memory_order_relaxed);
    if (item >= items) break;
    work(item);
  }
  barrier_.arrive_and_wait();
  if (me.number == 0) {
    next_ = 0;
    for (const auto& w : workers_) no_memory_ |= w.pool.failed();
    stop_ = cancelled() || no_memory_;
    if (!stop_) tidy();
    stop_ = stop_ || no_memory_ || cancelled();
    done_ += units;
    if (!stop_ && options_.progress) options_.progress(done_, total_);
  }
  barrier_.arrive_and_wait();
  return !stop_;
}

void job::walk(worker& me) {
  const auto all = std::size_t{1} << k_;
  me.in.resize(bin_count(1));
  const bool scanned = phase(
      me, all >> scan_log2, all, [&](std::size_t block) { scan(me, block); },
      [] {});
  if (!scanned || !make_table<1>(me) || !make_table<2>(me)
      || !make_table<3>(me))
    return;
  phase(
      me, starts_.size(), all,
      [&](std::size_t range) { sort_fragments(me, range); }, [] {});
}

void job::scan(worker& me, std::size_t block) {
  const auto shift = low_bits(1);
  const auto end = (block + 1) << scan_log2;
  std::array<std::uint32_t, batch> infos;
  for (auto x = block << scan_log2; x < end && !cancelled(); x += batch) {
    plot_.g(static_cast<std::uint32_t>(x), infos);
    for (std::size_t i = 0; i < batch; ++i)
      me.in[infos[i] >> shift].push(me.pool, {x + i, infos[i], 0});
  }
}

// The sections in matching order: each is used as right, then as left, and
// its memory is free again after that; the first one waits to the end.
template <unsigned Table>
bool job::make_table(worker& me) {
  const auto& p = plot_.params();
  const auto bits = partition_bits(p, Table);
  const auto parts = std::size_t{1} << (bits - key_bits(p, Table));
  const auto keys = std::uint32_t{1} << key_bits(p, Table);
  const auto units = (std::uint64_t{1} << (k_ - sections_))
                     << (Table == 1 ? p.strength - 2 : 0);
  if constexpr (Table < 3)
    me.out.resize(bin_count(Table + 1));
  else
    me.fragments.resize(std::size_t{1} << fragment_bits(p));
  me.lefts.resize(parts);
  std::uint32_t section = 0;
  for (std::uint32_t step = 0; step < 1u << sections_; ++step) {
    const auto last_step = step + 1 == 1u << sections_;
    for (std::uint32_t key = 0; key < keys; ++key) {
      const auto last = last_step && key + 1 == keys;
      const bool joined =
          phase(
              me, std::size_t{1} << bits, units,
              [&](std::size_t i) { scatter<Table>(me, section, key, i); },
              [] {})
          && phase(
              me, parts, units,
              [&](std::size_t i) { join<Table>(me, section, key, i); },
              [&] {
                for (auto& w : workers_)
                  for (auto& b : w.lefts) b.clear(w.pool);
                if (key + 1 == keys && step > 0) free_section<Table>(section);
                if (last) end_table<Table>();
              });
      if (!joined) return false;
    }
    section = matching_section(k_, section);
  }
  return true;
}

template <unsigned Table>
void job::free_section(std::uint32_t section) {
  const auto count = bin_count(Table) >> sections_;
  for (auto& w : workers_)
    for (std::size_t i = 0; i < count; ++i)
      w.in[section * count + i].clear(w.pool);
}

template <unsigned Table>
void job::end_table() {
  free_section<Table>(0);
  std::uint64_t count = 0;
  for (auto& w : workers_) {
    for (const auto& b : w.out) count += b.size();
    for (const auto& b : w.fragments) count += b.size();
    w.in = std::move(w.out);
    w.out.clear();
  }
  if (options_.table_sizes != nullptr)
    (*options_.table_sizes)[Table - 1] = count;
  if constexpr (Table == 3) make_room_for_fragments();
}

// Hashes the left entries of one partition and sends each to where its right
// entries of this key are.
template <unsigned Table>
void job::scatter(worker& me, std::uint32_t section, std::uint32_t key,
                  std::size_t partition) {
  const auto shift = low_bits(Table);
  const auto low = static_cast<std::uint32_t>(mask(shift));
  const auto from = section * (bin_count(Table) >> sections_) + partition;
  std::array<std::uint64_t, batch> metas;
  std::array<std::uint32_t, batch> targets;
  static_assert(bin<entry>::per_chunk <= batch);
  for (const auto& w : workers_)
    w.in[from].for_each_piece([&](std::span<const entry> piece) {
      if (cancelled()) return;
      for (std::size_t i = 0; i < piece.size(); ++i) metas[i] = piece[i].meta;
      plot_.target(Table, key, {metas.data(), piece.size()},
                   {targets.data(), piece.size()});
      for (std::size_t i = 0; i < piece.size(); ++i)
        me.lefts[targets[i] >> shift].push(
            me.pool, {metas[i], targets[i] & low, piece[i].xbits});
    });
}

// Orders the right entries of a partition by target (a counting sort), so
// that heads[t] to heads[t + 1] are those of target t.
void job::sort_rights(worker& me, std::size_t partition, unsigned low_bits) {
  const auto low = static_cast<std::uint32_t>(mask(low_bits));
  std::size_t count = 0;
  for (const auto& w : workers_) count += w.in[partition].size();
  if (me.rights.size() < count) me.rights.resize(count + count / 8);
  me.heads.assign((std::size_t{1} << low_bits) + 2, 0);
  auto* next = me.heads.data() + 2; // two ahead: placing moves it by one
  for (const auto& w : workers_)
    w.in[partition].for_each_piece([&](std::span<const entry> piece) {
      for (const auto& e : piece) ++next[e.info & low];
    });
  for (std::size_t i = 1; i <= low; ++i) next[i] += next[i - 1];
  --next;
  for (const auto& w : workers_)
    w.in[partition].for_each_piece([&](std::span<const entry> piece) {
      for (const auto& e : piece) me.rights[next[e.info & low]++] = e;
    });
}

template <unsigned Table>
void job::join(worker& me, std::uint32_t section, std::uint32_t key,
               std::size_t part) {
  const auto right_section = matching_section(k_, section);
  const auto per_section = bin_count(Table) >> sections_;
  sort_rights(me, right_section * per_section + key * me.lefts.size() + part,
              low_bits(Table));
  auto& pairs = me.pairs;
  pairs.count = 0;
  for (const auto& w : workers_)
    w.lefts[part].for_each_piece([&](std::span<const entry> piece) {
      if (cancelled()) return;
      for (const auto& left : piece) {
        const auto end = me.heads[left.info + 1];
        for (auto j = me.heads[left.info]; j < end; ++j) {
          pairs.left[pairs.count] = left.meta;
          pairs.right[pairs.count] = me.rights[j].meta;
          pairs.left_xbits[pairs.count] = left.xbits;
          pairs.right_xbits[pairs.count] = me.rights[j].xbits;
          if (++pairs.count == batch) hash_pairs<Table>(me);
        }
      }
    });
  hash_pairs<Table>(me);
}

template <unsigned Table>
void job::hash_pairs(worker& me) {
  auto& pairs = me.pairs;
  auto lo = pairs.left, hi = pairs.right;
  plot_.pair(Table, {lo.data(), pairs.count}, {hi.data(), pairs.count});
  for (std::size_t i = 0; i < pairs.count; ++i)
    if (plot_.survives(Table, hi[i]))
      emit<Table>(me, i, pairs.left[i], pairs.right[i], {lo[i], hi[i]});
  pairs.count = 0;
}

template <unsigned Table>
void job::emit(worker& me, std::size_t i, std::uint64_t meta_left,
               std::uint64_t meta_right, const pairing& r) {
  if constexpr (Table == 3) {
    const auto fragment =
        plot_.merge3(me.pairs.left_xbits[i], me.pairs.right_xbits[i]);
    me.fragments[fragment >> (2 * k_ - fragment_bits(plot_.params()))].push(
        me.pool, fragment);
  } else {
    const auto e = Table == 1 ? plot_.merge1(meta_left, meta_right, r)
                              : plot_.merge2(meta_left, meta_right, r);
    me.out[e.info >> low_bits(Table + 1)].push(me.pool, e);
  }
}

void job::make_room_for_fragments() {
  const auto ranges = std::size_t{1} << fragment_bits(plot_.params());
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < ranges; ++i) {
    starts_.push_back(count);
    for (const auto& w : workers_) count += w.fragments[i].size();
  }
  try {
    sorted_.reserve(count);
  } catch (const std::bad_alloc&) {
    no_memory_ = true;
    return;
  }
  while (sorted_.size() < count && !cancelled())
    sorted_.resize(std::min(count, sorted_.size() + fill_step));
}

// Fragments are evenly spread: ordered by their top k bits they are nearly
// sorted, and insertion does the rest.
void job::sort_fragments(worker& me, std::size_t range) {
  const auto bits = k_ - fragment_bits(plot_.params());
  const auto low = mask(bits);
  me.unsorted.clear();
  for (const auto& w : workers_)
    w.fragments[range].for_each_piece([&](auto piece) {
      me.unsorted.insert(me.unsorted.end(), piece.begin(), piece.end());
    });
  me.heads.assign((std::size_t{1} << bits) + 1, 0);
  for (const auto f : me.unsorted) ++me.heads[((f >> k_) & low) + 1];
  for (std::size_t i = 1; i <= low; ++i) me.heads[i] += me.heads[i - 1];
  auto* const out = sorted_.data() + starts_[range];
  for (const auto f : me.unsorted) out[me.heads[(f >> k_) & low]++] = f;
  for (std::size_t i = 1; i < me.unsorted.size(); ++i) {
    const auto f = out[i];
    auto j = i;
    for (; j > 0 && out[j - 1] > f; --j) out[j] = out[j - 1];
    out[j] = f;
  }
}
} // namespace

std::uint64_t plot_units(const plot_params& p) {
  return ((std::uint64_t{6} << p.strength) + 2) << p.k;
}

std::uint64_t plot_memory(const plot_params& p, unsigned threads) {
  const auto bins = std::uint64_t{1}
                    << (section_bits(p.k) + partition_bits(p, 2));
  return (std::uint64_t{38} << p.k)
         + threads * (2 * bins * chunk_bytes + (std::uint64_t{4} << 20));
}

result<std::vector<std::uint64_t>> make_fragments(const plot_params& p,
                                                  const plot_options& options) {
  if (auto ok = check(p); !ok) return fail(ok.error());
  if (p.strength > max_plotter_strength)
    return fail(errc::bad_plot_parameters,
                "this plotter makes plots up to strength "
                    + std::to_string(max_plotter_strength));
  return job{p, options}.run();
}
} // namespace spacetime::space
