// Reads LMDB 0.9 pages without LMDB, which trusts its file: an offset or a
// page number that lies would make it read outside the map. Layouts: lmdb.h
// and mdb.c of LMDB 0.9.24, in native byte order.

#include "core/disk/lmdb_detail.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace spacetime::disk {
namespace {
constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr std::size_t header_size = 16;
constexpr std::size_t node_header = 8;
constexpr unsigned branch_page = 1;
constexpr unsigned leaf_page = 2;
constexpr unsigned overflow_page = 4;
constexpr unsigned meta_page = 8;
constexpr unsigned value_elsewhere = 1; // node: on overflow pages
constexpr unsigned value_is_tree = 2;   // node: a table's record
constexpr unsigned integer_keys = 8;    // tree: the list of free pages
constexpr unsigned max_depth = 32;

template <class T>
T load(byte_view page, std::size_t offset) {
  T x;
  std::memcpy(&x, page.data() + offset, sizeof x);
  return x;
}

struct tree_record { // MDB_db
  std::uint32_t pad;
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branch_pages;
  std::uint64_t leaf_pages;
  std::uint64_t overflow_pages;
  std::uint64_t entries;
  std::uint64_t root;
};
static_assert(sizeof(tree_record) == 48);

struct meta { // MDB_meta
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t address;
  std::uint64_t map_size;
  tree_record free;
  tree_record main;
  std::uint64_t last_page;
  std::uint64_t transaction;
};
static_assert(sizeof(meta) == 136);

struct node {
  std::size_t begin; ///< inside the page
  std::size_t end;   ///< rounded up to even
  unsigned flags;
  byte_view key;
  std::uint64_t child;     ///< of a branch
  std::uint64_t data_size; ///< of a leaf; the bytes may be elsewhere
  byte_view data;          ///< of a leaf: what is in the page
};

using key_bound = std::optional<byte_view>;

class page_walk {
public:
  page_walk(const path& directory, file_descriptor file)
      : where_(data_file(directory)), file_(std::move(file)) {}
  status run(std::uint64_t transaction);
  result<bool> headers();

private:
  enum class kind { free_pages, names, table };

  tl::unexpected<error> bad(std::uint64_t page, const char* what) const {
    return fail(errc::corrupt, where_.string() + ": page "
                                   + std::to_string(page) + ": " + what);
  }
  result<std::array<meta, 2>> read_metas();
  result<meta> select(std::uint64_t transaction);
  result<meta> read_meta(unsigned number, std::size_t page_size);
  status earlier_header() const;
  status tree(const tree_record& root, kind what);
  status page(std::uint64_t number, unsigned level, key_bound low,
              key_bound high);
  status branch(unsigned level, const std::vector<node>& nodes, key_bound low,
                key_bound high);
  status leaf(std::uint64_t number, const std::vector<node>& nodes);
  result<std::vector<node>> nodes_of(std::uint64_t number, byte_view raw,
                                     bool is_branch) const;
  status keys_in_order(std::uint64_t number, const std::vector<node>& nodes,
                       bool is_branch, key_bound low, key_bound high) const;
  status overflow(std::uint64_t owner, const node& n);
  status free_list(std::uint64_t owner, const node& n, byte_view list);
  status use(std::uint64_t number);
  bool less(byte_view a, byte_view b) const;

  path where_;
  file_descriptor file_;
  std::size_t page_size_ = 0;
  std::uint64_t file_pages_ = 0;
  std::uint64_t last_page_ = 0;
  std::vector<bool> used_;
  std::vector<bool> free_;
  kind kind_ = kind::table;
  unsigned depth_ = 0;
  std::uint64_t entries_ = 0;
  std::vector<tree_record> tables_;
  std::uint64_t transaction_ = 0;
  meta other_{};                          ///< the header not walked
  std::vector<std::uint64_t> freed_last_; ///< by the transaction walked
};

bool page_walk::less(byte_view a, byte_view b) const {
  if (kind_ == kind::free_pages)
    return load<std::uint64_t>(a, 0) < load<std::uint64_t>(b, 0);
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

result<meta> page_walk::read_meta(unsigned number, std::size_t page_size) {
  std::array<std::uint8_t, header_size + sizeof(meta)> raw;
  auto n = read_at(file_, number * page_size, raw, where_);
  if (!n) return fail(n.error());
  if (*n != raw.size()) return bad(number, "the file ends in its header");
  const auto m = load<meta>(raw, header_size);
  if (load<std::uint64_t>(raw, 0) != number
      || load<std::uint16_t>(raw, 10) != meta_page || m.magic != 0xBEEFC0DE
      || m.version != 1)
    return bad(number, "no header of an LMDB 0.9 file");
  const std::size_t size = m.free.pad;
  if (!std::has_single_bit(size) || size < 512 || size > 65536
      || m.free.flags != integer_keys || m.main.flags != 0)
    return bad(number, "header fields out of range");
  return m;
}

// LMDB writes headers in turn, so their transactions differ by one and tell
// their page: a flipped bit cannot pass an old header off as the newest.
result<std::array<meta, 2>> page_walk::read_metas() {
  auto first = read_meta(0, 0);
  if (!first) return fail(first.error());
  auto second = read_meta(1, first->free.pad);
  if (!second) return fail(second.error());
  const auto a = first->transaction;
  const auto b = second->transaction;
  const bool fresh = a == 0 && b == 0;
  const bool in_turn = a % 2 == 0 && b % 2 == 1 && (a + 1 == b || b + 1 == a);
  if (!fresh && !in_turn) return bad(0, "headers of unrelated transactions");
  if (first->free.pad != second->free.pad)
    return bad(1, "headers of unlike page sizes");
  return std::array<meta, 2>{*first, *second};
}

result<meta> page_walk::select(std::uint64_t transaction) {
  auto metas = read_metas();
  // A writer process may have been busy with a header, or have written both
  // between our two reads: damage stays, that passes.
  for (int i = 0; i < 100 && !metas && metas.error() == errc::corrupt; ++i)
    metas = read_metas();
  if (!metas) return fail(metas.error());
  auto size = size_of(file_, where_);
  if (!size) return fail(size.error());
  const auto& [even, odd] = *metas;
  const auto& newest = even.transaction > odd.transaction ? even : odd;
  if (transaction == 0) transaction = newest.transaction;
  const auto& m = transaction == even.transaction ? even : odd;
  if (m.transaction != transaction) return fail(errc::stale);
  transaction_ = transaction;
  other_ = transaction == even.transaction ? odd : even;
  page_size_ = m.free.pad;
  file_pages_ = *size / page_size_;
  last_page_ = m.last_page;
  // Pages that were freed before they were written may lie behind the end of
  // the file; 4 GiB of them in one transaction are a lie.
  if (last_page_ < 1 || last_page_ > file_pages_ + (1 << 20))
    return bad(m.transaction % 2, "the number of pages is out of range");
  return m;
}

result<bool> page_walk::headers() {
  auto newest = select(0);
  if (!newest) return fail(newest.error());
  return last_page_ < file_pages_;
}

status page_walk::run(std::uint64_t transaction) {
  auto selected = select(transaction);
  if (!selected) return fail(selected.error());
  const auto& m = *selected;
  used_.assign(file_pages_, false);
  free_.assign(file_pages_, false);
  tables_.clear();
  freed_last_.clear();
  if (auto done = tree(m.free, kind::free_pages); !done) return done;
  if (auto done = tree(m.main, kind::names); !done) return done;
  for (const auto& record : tables_)
    if (auto done = tree(record, kind::table); !done) return done;
  return earlier_header();
}

// A flipped bit can make n of n - 2, or n + 1 of n - 1: then the version of
// n - 1 passes for the newest. But what the true n - 1 used is in use still,
// or was freed by n, which LMDB does not use again before n + 2. The roots
// change with each commit, so that of a false n - 1 is neither.
status page_walk::earlier_header() const {
  if (other_.transaction >= transaction_) return {};
  for (const auto root : {other_.free.root, other_.main.root}) {
    if (root == no_page) continue;
    const bool known =
        root < file_pages_
        && (used_[root]
            || std::find(freed_last_.begin(), freed_last_.end(), root)
                   != freed_last_.end());
    if (!known)
      return bad(transaction_ % 2, "not the newest version of the data");
  }
  return {};
}

status page_walk::tree(const tree_record& root, kind what) {
  kind_ = what;
  depth_ = root.depth;
  entries_ = 0;
  if (root.root == no_page) {
    if (root.depth == 0 && root.entries == 0) return {};
    return bad(no_page, "an empty tree with entries");
  }
  if (depth_ < 1 || depth_ > max_depth) return bad(root.root, "a false depth");
  if (auto done = page(root.root, 1, {}, {}); !done) return done;
  if (entries_ == root.entries) return {};
  return bad(root.root, "the tree has another number of entries");
}

status page_walk::use(std::uint64_t number) {
  if (number < 2 || number > last_page_ || number >= file_pages_)
    return bad(number, "outside of the file");
  if (used_[number] || free_[number]) return bad(number, "used twice");
  used_[number] = true;
  return {};
}

status page_walk::page(std::uint64_t number, unsigned level, key_bound low,
                       key_bound high) {
  if (auto fresh = use(number); !fresh) return fresh;
  bytes raw(page_size_);
  auto n = read_at(file_, number * page_size_, raw, where_);
  if (!n) return fail(n.error());
  const bool is_branch = level < depth_;
  if (*n != page_size_ || load<std::uint64_t>(raw, 0) != number
      || load<std::uint16_t>(raw, 10) != (is_branch ? branch_page : leaf_page))
    return bad(number, "not the page that its parent names");
  auto nodes = nodes_of(number, raw, is_branch);
  if (!nodes) return fail(nodes.error());
  if (auto ok = keys_in_order(number, *nodes, is_branch, low, high); !ok)
    return ok;
  if (is_branch) return branch(level, *nodes, low, high);
  entries_ += nodes->size();
  return leaf(number, *nodes);
}

result<std::vector<node>>
page_walk::nodes_of(std::uint64_t number, byte_view raw, bool is_branch) const {
  const std::size_t lower = load<std::uint16_t>(raw, 12);
  const std::size_t upper = load<std::uint16_t>(raw, 14);
  if (lower <= header_size || lower % 2 != 0 || lower > upper
      || upper > raw.size())
    return bad(number, "its free space is out of range");
  std::vector<node> out((lower - header_size) / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    auto& n = out[i];
    n.begin = load<std::uint16_t>(raw, header_size + 2 * i);
    if (n.begin < upper || n.begin + node_header > raw.size())
      return bad(number, "an entry lies outside");
    const std::uint64_t low16 = load<std::uint16_t>(raw, n.begin);
    const std::uint64_t high16 = load<std::uint16_t>(raw, n.begin + 2);
    const std::uint64_t flags = load<std::uint16_t>(raw, n.begin + 4);
    const std::size_t key_size = load<std::uint16_t>(raw, n.begin + 6);
    const auto word = low16 | high16 << 16;
    n.flags = is_branch ? 0 : static_cast<unsigned>(flags);
    n.child = word | flags << 32; // of a branch, which has no flags
    n.data_size = is_branch ? 0 : word;
    const auto here = n.flags & value_elsewhere ? 8 : n.data_size;
    const auto size = node_header + key_size + here;
    if (size > raw.size() - n.begin) return bad(number, "an entry is too long");
    n.end = n.begin + size + size % 2;
    n.key = raw.subspan(n.begin + node_header, key_size);
    n.data = raw.subspan(n.begin + node_header + key_size, here);
  }
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (const auto& n : out) spans.emplace_back(n.begin, n.end);
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i)
    if (spans[i].first < spans[i - 1].second)
      return bad(number, "entries overlap");
  return out;
}

// The first key of a branch stands for "all below the second"; it is not read.
status page_walk::keys_in_order(std::uint64_t number,
                                const std::vector<node>& nodes, bool is_branch,
                                key_bound low, key_bound high) const {
  const std::size_t first = is_branch ? 1 : 0;
  for (std::size_t i = first; i < nodes.size(); ++i) {
    const auto key = nodes[i].key;
    if (kind_ == kind::free_pages ? key.size() != 8 : key.empty())
      return bad(number, "a key of a false size");
    if (i == first && low && less(key, *low))
      return bad(number, "a key below its page's range");
    if (i > first && !less(nodes[i - 1].key, key))
      return bad(number, "keys out of order");
  }
  if (high && nodes.size() > first && !less(nodes.back().key, *high))
    return bad(number, "a key above its page's range");
  return {};
}

status page_walk::branch(unsigned level, const std::vector<node>& nodes,
                         key_bound low, key_bound high) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto from = i == 0 ? low : key_bound{nodes[i].key};
    const auto to = i + 1 < nodes.size() ? key_bound{nodes[i + 1].key} : high;
    if (auto done = page(nodes[i].child, level + 1, from, to); !done)
      return done;
  }
  return {};
}

status page_walk::leaf(std::uint64_t number, const std::vector<node>& nodes) {
  for (const auto& n : nodes) {
    if (kind_ == kind::names) {
      if (n.flags != value_is_tree || n.data_size != sizeof(tree_record))
        return bad(number, "no record of a table");
      tables_.push_back(load<tree_record>(n.data, 0));
      if (tables_.back().flags != 0) return bad(number, "flags of a table");
    } else if (n.flags == value_elsewhere) {
      if (auto done = overflow(number, n); !done) return done;
    } else if (n.flags != 0) {
      return bad(number, "flags of an entry");
    } else if (kind_ == kind::free_pages) {
      if (auto done = free_list(number, n, n.data); !done) return done;
    }
  }
  return {};
}

status page_walk::overflow(std::uint64_t owner, const node& n) {
  const auto first = load<std::uint64_t>(n.data, 0);
  if (auto fresh = use(first); !fresh) return fresh;
  std::array<std::uint8_t, header_size> raw;
  auto got = read_at(file_, first * page_size_, raw, where_);
  if (!got) return fail(got.error());
  const std::uint64_t pages = load<std::uint32_t>(raw, 12);
  if (*got != raw.size() || load<std::uint64_t>(raw, 0) != first
      || load<std::uint16_t>(raw, 10) != overflow_page
      || pages > file_pages_ - first
      || header_size + n.data_size > pages * page_size_)
    return bad(first, "not the long value that its owner names");
  for (std::uint64_t i = 1; i < pages; ++i)
    if (auto fresh = use(first + i); !fresh) return fresh;
  if (kind_ != kind::free_pages) return {};
  bytes list(n.data_size);
  auto all = read_at(file_, first * page_size_ + header_size, list, where_);
  if (!all) return fail(all.error());
  if (*all != list.size()) return bad(first, "the file ends in it");
  return free_list(owner, n, list);
}

// A count, then page numbers; a longer record has room to spare.
status page_walk::free_list(std::uint64_t owner, const node& record,
                            byte_view list) {
  if (list.size() % 8 != 0 || list.empty())
    return bad(owner, "a list of free pages of a false size");
  const auto n = load<std::uint64_t>(list, 0);
  if (n > list.size() / 8 - 1)
    return bad(owner, "a list of free pages of a false size");
  for (std::uint64_t i = 1; i <= n; ++i) {
    const auto number = load<std::uint64_t>(list, 8 * i);
    if (number < 2 || number > last_page_)
      return bad(owner, "a free page outside of the file");
    if (number >= file_pages_) continue; // never written
    if (used_[number] || free_[number]) return bad(number, "free and used");
    free_[number] = true;
    if (load<std::uint64_t>(record.key, 0) == transaction_)
      freed_last_.push_back(number);
  }
  return {};
}
} // namespace

result<bool> check_headers(const path& directory) {
  auto file = open_file(data_file(directory), O_RDONLY);
  if (!file) return fail(file.error());
  return page_walk{directory, std::move(*file)}.headers();
}

status check_pages(const path& directory, std::uint64_t transaction_id) {
  auto file = open_file(data_file(directory), O_RDONLY);
  if (!file) return fail(file.error());
  return page_walk{directory, std::move(*file)}.run(transaction_id);
}
} // namespace spacetime::disk
