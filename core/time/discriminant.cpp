#include "core/time/discriminant.hpp"

#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"

#include <vector>

namespace spacetime::vdf {
namespace {
constexpr unsigned trial_limit = 8000;

/// Products of odd primes that fit one word, so that one long division
/// serves several primes.
struct prime_batch {
  unsigned long product = 1;
  std::vector<unsigned> primes;
};

std::vector<prime_batch> make_batches() {
  std::vector<bool> composite(trial_limit, false);
  std::vector<prime_batch> out(1);
  for (unsigned p = 3; p < trial_limit; p += 2) {
    if (composite[p]) continue;
    for (unsigned m = p * p; m < trial_limit; m += 2 * p) composite[m] = true;
    if (out.back().product > ~0UL / p) out.emplace_back();
    out.back().product *= p;
    out.back().primes.push_back(p);
  }
  return out;
}

bool has_small_factor(mpz_srcptr n) {
  static const auto batches = make_batches();
  for (const auto& batch : batches) {
    const auto rest = mpz_fdiv_ui(n, batch.product);
    for (const auto p : batch.primes)
      if (rest % p == 0 && compare(n, p) != 0) return true;
  }
  return false;
}

bool passes_fermat(mpz_srcptr n) {
  const integer base(2);
  integer exponent;
  integer power;
  mpz_sub_ui(exponent, n, 1);
  mpz_powm(power, base, exponent, n);
  return compare(power, 1) == 0;
}

bool is_prime(mpz_srcptr n) {
  return !has_small_factor(n) && passes_fermat(n)
         && mpz_probab_prime_p(n, 25) != 0;
}

void increment(bytes& counter) {
  for (std::size_t i = counter.size(); i-- > 0;)
    if (++counter[i] != 0) return;
}

bytes draw(bytes& counter, std::size_t size) {
  bytes out;
  while (out.size() < size) {
    increment(counter);
    const auto block = sha256({counter});
    const auto n = std::min(block.size(), size - out.size());
    out.insert(out.end(), block.begin(), block.begin() + n);
  }
  return out;
}
} // namespace

integer hash_prime(byte_view seed, unsigned bits,
                   std::initializer_list<unsigned> set) {
  // A one-byte counter may cycle without ever meeting a prime.
  check(seed.size() >= 2 && bits % 8 == 0 && bits > 0, "hash_prime arguments");
  bytes counter(seed.begin(), seed.end());
  integer p;
  do {
    const auto blob = draw(counter, bits / 8);
    mpz_import(p, blob.size(), 1, 1, 0, 0, blob.data());
    for (const auto bit : set) mpz_setbit(p, bit);
    mpz_setbit(p, 0);
  } while (!is_prime(p));
  return p;
}

result<discriminant> discriminant::from_seed(const bytes32& seed,
                                             unsigned bits) {
  if (bits != 256 && bits != 512 && bits != 1024)
    return fail(errc::bad_discriminant);
  return discriminant{std::make_shared<const data>(
      data{hash_prime(seed, bits, {0, 1, 2, bits - 1}), bits})};
}
} // namespace spacetime::vdf
