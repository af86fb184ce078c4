// Every part of the known answers, by name.
#include "core/space/blake3.hpp"
#include "space_fixture.hpp"

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

namespace {
void check_primitives(const json& plot, const tables& t) {
  const auto& p = t.params();
  for (const auto& v : plot.at("g"))
    CHECK(t.g(static_cast<std::uint32_t>(number(v.at("x"))))
          == number(v.at("g")));
  for (const auto& v : plot.at("matching_target")) {
    const auto table = static_cast<unsigned>(number(v.at("table")));
    CHECK(target_bits(p, table) == number(v.at("target_bits")));
    CHECK(t.target(table, static_cast<std::uint32_t>(number(v.at("match_key"))),
                   number(v.at("meta")))
          == number(v.at("target")));
  }
  for (const auto& v : plot.at("pairing_raw")) {
    const auto r = t.pair(static_cast<unsigned>(number(v.at("table"))),
                          number(v.at("meta_l")), number(v.at("meta_r")));
    const auto& words = v.at("words");
    CHECK(r.lo == (number(words[0]) | number(words[1]) << 32));
    CHECK(r.hi == (number(words[2]) | number(words[3]) << 32));
  }
  for (const auto& v : plot.at("chain_hash"))
    CHECK(t.chain(number(v.at("in"))) == number(v.at("out")));
}

std::vector<std::uint64_t> fragments_of_plot(const json& plot,
                                             const plot_params& p) {
  std::array<std::uint64_t, 3> sizes{};
  plot_options options;
  options.threads = 2;
  options.table_sizes = &sizes;
  auto made = make_fragments(p, options);
  REQUIRE(made);
  const auto& known = plot.at("table_sizes");
  CHECK(number(known.at("xs")) == std::uint64_t{1} << p.k);
  CHECK(sizes[0] == number(known.at("t1")));
  CHECK(sizes[1] == number(known.at("t2")));
  CHECK(sizes[2] == number(known.at("t3")));
  return std::move(*made);
}

bytes little_endian(std::span<const std::uint64_t> all) {
  bytes out;
  out.reserve(all.size() * 8);
  for (auto x : all)
    for (int i = 0; i < 8; ++i, x >>= 8)
      out.push_back(static_cast<std::uint8_t>(x));
  return out;
}

void check_fragments(const json& plot, unsigned k,
                     std::span<const std::uint64_t> all) {
  CHECK(to_hex(sha256({little_endian(all)}))
        == plot.at("fragments_sha256").get<std::string>());
  const auto& first = plot.at("fragments_first8");
  const auto& last = plot.at("fragments_last8");
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(all[i] == number(first[i]));
    CHECK(all[all.size() - 8 + i] == number(last[i]));
  }
  const auto& sizes = plot.at("first16_chaining_set_sizes");
  for (std::size_t i = 0; i < 16; ++i)
    CHECK(set_in(k, all, i).size() == number(sizes[i]));
}

void check_challenge_words(const json& lookup, const plot_id& id) {
  if (!lookup.contains("challenge_hash_words")) return;
  std::array<std::uint8_t, 64> message;
  const auto challenge = raw<32>(lookup.at("challenge"));
  std::copy(id.value.begin(), id.value.end(), message.begin());
  std::copy(challenge.begin(), challenge.end(), message.begin() + 32);
  const auto h = blake3(message);
  const auto& words = lookup.at("challenge_hash_words");
  for (std::size_t i = 0; i < 8; ++i)
    CHECK((h[4 * i] | h[4 * i + 1] << 8 | h[4 * i + 2] << 16
           | std::uint64_t{h[4 * i + 3]} << 24)
          == number(words[i]));
}

void check_keys(const json& lookup, const plot_params& p) {
  const auto keys = derive_keys(p.id, p.k, raw<32>(lookup.at("challenge")));
  const auto& sets = lookup.at("sets");
  for (std::size_t i = 0; i < 4; ++i) CHECK(keys.sets[i] == number(sets[i]));
  check_challenge_words(lookup, p.id);
  if (!lookup.contains("round_keys")) return;
  const auto& known = lookup.at("round_keys");
  for (std::size_t i = 0; i < chain_length; ++i)
    CHECK(keys.round_keys[i] == number(known[i]));
}

chain chain_of(const json& proof) {
  chain out;
  const auto& known = proof.at("fragments");
  for (std::size_t i = 0; i < chain_length; ++i)
    out.fragments[i] = number(known[i]);
  return out;
}

// The first subproof of a proof, table by table.
void check_trace(const json& trace, const tables& t) {
  const auto& xs = trace.at("x");
  std::array<entry, 4> t1;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto l = number(xs[2 * i]), r = number(xs[2 * i + 1]);
    CHECK(t.g(static_cast<std::uint32_t>(l)) == number(trace.at("g")[2 * i]));
    const auto paired = t.pair(1, l, r);
    CHECK(t.survives(1, paired.hi));
    t1[i] = t.merge1(l, r, paired);
    CHECK(t1[i].info == number(trace.at("t1")[i].at("match_info")));
    CHECK(t1[i].meta == number(trace.at("t1")[i].at("meta")));
  }
  std::array<entry, 2> t2;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto l = t1[2 * i].meta, r = t1[2 * i + 1].meta;
    const auto paired = t.pair(2, l, r);
    CHECK(t.survives(2, paired.hi));
    t2[i] = t.merge2(l, r, paired);
    CHECK(t2[i].info == number(trace.at("t2")[i].at("match_info")));
    CHECK(t2[i].meta == number(trace.at("t2")[i].at("meta")));
    CHECK(t2[i].xbits == number(trace.at("t2")[i].at("x_bits")));
  }
  CHECK(t.survives(3, t.pair(3, t2[0].meta, t2[1].meta).hi));
  CHECK(t.merge3(t2[0].xbits, t2[1].xbits) == number(trace.at("fragment")));
}

// The 64 half values of a chain, k/2 bits each, packed like a proof.
bytes partial_of(const tables& t, const chain& c) {
  bytes out;
  std::uint64_t buffer = 0;
  unsigned held = 0;
  const unsigned half = t.params().k / 2u;
  for (const auto fragment : c.fragments)
    for (int i = 3; i >= 0; --i) {
      const auto plain = t.cipher().decrypt(fragment);
      buffer = buffer << half
               | ((plain >> (static_cast<unsigned>(i) * half)) & mask(half));
      for (held += half; held >= 8; held -= 8)
        out.push_back(static_cast<std::uint8_t>(buffer >> (held - 8)));
    }
  return out;
}

void check_proof(const json& proof, const tables& t) {
  const auto& p = t.params();
  const auto challenge = raw<32>(proof.at("challenge"));
  const auto known = raw(proof.at("proof"));
  const auto blob = raw(proof.at("quality_blob"));
  const auto c = chain_of(proof);
  CHECK(partial_of(t, c) == raw(proof.at("partial")));
  const auto verified = verify(p, challenge, known);
  REQUIRE(verified);
  CHECK(bytes(verified->begin(), verified->end()) == blob);
  CHECK(to_hex(sha256({*verified}))
        == proof.at("quality_blob_sha256").get<std::string>());
  CHECK(quality_blob(p.strength, c) == *verified);
  const auto keys = derive_keys(p.id, p.k, challenge);
  std::uint64_t v = 0;
  for (unsigned i = 0; i < chain_length; ++i) {
    v = t.chain(v ^ c.fragments[i] ^ keys.round_keys[i]);
    if (proof.contains("chain_hashes"))
      CHECK(v == number(proof.at("chain_hashes")[i]));
    CHECK(link_passes(i, v));
  }
  if (proof.contains("trace_subproof0"))
    check_trace(proof.at("trace_subproof0"), t);
}
} // namespace

TEST_CASE("vectors: g, targets, pairings and chain hashes, on every kernel") {
  for_each_plot([](const json& plot, const plot_params& p) {
    for (const auto* kernel : kernels()) {
      CAPTURE(std::string{kernel->name});
      check_primitives(plot, tables{p, *kernel});
    }
  });
}

TEST_CASE("vectors: the fragment cipher and its round keys") {
  for_each_plot([](const json& plot, const plot_params& p) {
    const feistel cipher{p};
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(cipher.keys()[i] == number(plot.at("feistel_round_keys")[i]));
    for (const auto& v : plot.at("feistel")) {
      CHECK(cipher.encrypt(number(v.at("plain"))) == number(v.at("cipher")));
      CHECK(cipher.decrypt(number(v.at("cipher"))) == number(v.at("plain")));
    }
  });
}

TEST_CASE("vectors: challenge hashes, sets and round keys") {
  for_each_plot([](const json& plot, const plot_params& p) {
    for (const auto& lookup : plot.at("lookups")) check_keys(lookup, p);
  });
}

TEST_CASE("vectors: table sizes, fragments, set sizes, numbers of chains") {
  for_each_plot([](const json& plot, const plot_params& p) {
    if (slow_build && p.k > 18) return;
    const auto all = fragments_of_plot(plot, p);
    check_fragments(plot, p.k, all);
    const tables t{p};
    for (const auto& lookup : plot.at("lookups"))
      CHECK(look_up(t, all, raw<32>(lookup.at("challenge"))).size()
            == number(lookup.at("num_chains")));
    for (const auto& proof : plot.at("proofs")) {
      const auto found = look_up(t, all, raw<32>(proof.at("challenge")));
      CHECK(std::count(found.begin(), found.end(), chain_of(proof)) == 1);
    }
  });
}

TEST_CASE("vectors: proofs verify, with all that their traces say") {
  for_each_plot([](const json& plot, const plot_params& p) {
    for (const auto& proof : plot.at("proofs")) check_proof(proof, tables{p});
  });
}

TEST_CASE("vectors: the solver finds the known proofs") {
  for_each_plot([](const json& plot, const plot_params& p) {
    if (slow_build && p.k > 20) return;
    for (const auto& proof : plot.at("proofs")) {
      const auto challenge = raw<32>(proof.at("challenge"));
      const auto solved = solve(p, challenge, chain_of(proof));
      REQUIRE(solved);
      if (!proof.contains("solutions") || number(proof.at("solutions")) == 1)
        CHECK(*solved == raw(proof.at("proof")));
      CHECK(verify(p, challenge, *solved));
    }
  });
}

TEST_CASE("vectors: negatives and wrong lengths are refused") {
  std::size_t count = 0;
  for (const auto& file : vector_files())
    for (const auto* kind : {"negative", "negative_length"})
      for (const auto& plot : file.at("plots"))
        if (plot.contains(kind))
          for (const auto& v : plot.at(kind)) {
            CAPTURE(v.at("why").get<std::string>());
            const auto verdict = verify(params(v), raw<32>(v.at("challenge")),
                                        raw(v.at("proof")));
            REQUIRE_FALSE(verdict);
            CHECK((verdict.error() == errc::bad_proof_of_space
                   || verdict.error() == errc::bad_plot_parameters));
            ++count;
          }
  CHECK(count >= 79);
}
