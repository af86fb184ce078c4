#include "core/crypto/hash.hpp"
#include "core/crypto/random.hpp"
#include "core/disk/key_file.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
namespace fs = std::filesystem;

constexpr seal_options cheap{8, 1, 1};
constexpr network_id here{bytes32{1, 2, 3}};
constexpr network_id elsewhere{bytes32{1, 2, 4}};
// Offsets of the format: docs/disk-format.md, "Key files".
constexpr std::size_t kind_at = 9, sealed_at = 10, payload_at = 47;

/// A directory of mode 0700 that is removed at the end.
struct key_directory {
  fs::path path;
  key_directory() {
    auto name = (fs::temp_directory_path() / "keys-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  key_directory(const key_directory&) = delete;
  key_directory& operator=(const key_directory&) = delete;
  ~key_directory() { fs::remove_all(path); }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{path}, fs::directory_iterator{}));
  }
};

passphrase_provider says(const char* words) {
  return [words] { return result<secret_text>{words}; };
}

bytes some_secret() {
  return bytes(32, 0x5a);
}

bool same(const secret_bytes& a, byte_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool mentions(const error& e, std::string_view what) {
  return e.detail.find(what) != std::string::npos;
}

mode_t mode_of(const fs::path& where) {
  struct stat info {};
  REQUIRE(::stat(where.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

secret_bytes plain_file() {
  return encode_key_file(key_kind::wallet, here, some_secret(), {});
}

/// The same bytes with a checksum that fits them.
secret_bytes resealed(secret_bytes raw) {
  raw.resize(raw.size() - 32);
  const auto sum = sha256({raw});
  raw.insert(raw.end(), sum.begin(), sum.end());
  return raw;
}

void overwrite(const fs::path& where, byte_view raw) {
  std::ofstream out{where, std::ios::binary | std::ios::trunc};
  out.write(reinterpret_cast<const char*>(raw.data()),
            static_cast<std::streamsize>(raw.size()));
  REQUIRE(out.flush());
}

result<secret_bytes> read_wallet(const fs::path& where,
                                 const passphrase_provider& ask = {}) {
  return read_key_file(where, key_kind::wallet, here, ask);
}
} // namespace

TEST_CASE("key files of the independent implementation are read and equalled") {
  const auto v = test::vectors("keys.json")["key_files"];
  const network_id network{test::raw<32>(v["network"])};
  const auto plain = test::raw(v["wallet_plain"]);
  const auto secret = test::raw(v["wallet_plain_secret"]);
  const auto read = decode_key_file(plain, key_kind::wallet, network);
  REQUIRE(read);
  CHECK(same(*read, secret));
  CHECK(same(encode_key_file(key_kind::wallet, network, secret, {}), plain));

  const auto phrase = test::text(v["farmer_sealed_passphrase"]);
  const auto farmer =
      decode_key_file(test::raw(v["farmer_sealed"]), key_kind::farmer, network,
                      says(phrase.c_str()));
  REQUIRE(farmer);
  CHECK(same(*farmer, test::raw(v["farmer_sealed_secret"])));
}

TEST_CASE(
    "a secret of every kind survives its file, with a passphrase or not") {
  const key_directory keys;
  for (auto kind : {key_kind::node, key_kind::farmer, key_kind::wallet})
    for (const auto* phrase : {"", "open sesame"}) {
      const auto where =
          keys.path / (std::string{name_of(kind)} + phrase + ".key");
      std::optional<std::string_view> passphrase;
      if (*phrase) passphrase = phrase;
      const auto secret = some_secret();
      REQUIRE(write_key_file(where, kind, here, secret, passphrase, cheap));
      const auto read = read_key_file(where, kind, here, says(phrase));
      REQUIRE(read);
      CHECK(same(*read, secret));
    }
  CHECK(keys.entries() == 6); // and no draft is left
}

TEST_CASE("a key file is 0600 in a new directory of 0700, under any umask") {
  const auto write_under = [](mode_t mask, const fs::path& where) {
    const auto before = ::umask(mask);
    const auto done =
        write_key_file(where, key_kind::wallet, here, some_secret());
    ::umask(before);
    REQUIRE(done);
    CHECK(mode_of(where) == 0600);
    CHECK(mode_of(where.parent_path()) == 0700);
    CHECK(read_wallet(where));
  };
  for (mode_t mask : {0000, 0022, 0077}) {
    const key_directory keys;
    write_under(mask, keys.path / "deep" / "keys" / "wallet.key");
    write_under(0277, keys.path / "deep" / "keys" / "other.key");
  }
}

TEST_CASE("the secret is in a plain file and nowhere in a sealed one") {
  const auto secret = some_secret();
  const auto holds = [&](const secret_bytes& raw) {
    return std::search(raw.begin(), raw.end(), secret.begin(), secret.end())
           != raw.end();
  };
  CHECK(holds(plain_file()));
  CHECK_FALSE(
      holds(encode_key_file(key_kind::wallet, here, secret, "p", cheap)));
}

TEST_CASE("an existing file is never replaced") {
  const key_directory keys;
  const auto where = keys.path / "wallet.key";
  REQUIRE(write_key_file(where, key_kind::wallet, here, some_secret()));
  const auto again =
      write_key_file(where, key_kind::wallet, here, bytes(32, 0x77));
  REQUIRE_FALSE(again);
  CHECK(again.error() == errc::duplicate);
  CHECK(mentions(again.error(), where.string()));
  CHECK(same(*read_wallet(where), some_secret()));
  CHECK(keys.entries() == 1);

  // Nor is one that is empty, or a link that leads nowhere.
  overwrite(keys.path / "empty", {});
  CHECK_FALSE(write_key_file(keys.path / "empty", key_kind::wallet, here,
                             some_secret()));
  CHECK(fs::file_size(keys.path / "empty") == 0);
  fs::create_symlink(keys.path / "nowhere", keys.path / "link");
  CHECK_FALSE(write_key_file(keys.path / "link", key_kind::wallet, here,
                             some_secret()));
  CHECK_FALSE(fs::exists(keys.path / "nowhere"));
}

TEST_CASE("a mode wider than 0600 is refused with the chmod to run") {
  const key_directory keys;
  const auto where = keys.path / "wallet.key";
  REQUIRE(write_key_file(where, key_kind::wallet, here, some_secret()));
  for (mode_t mode : {0644, 0640, 0604, 0620, 0602, 0610, 0601, 0700, 04600}) {
    REQUIRE(::chmod(where.c_str(), mode) == 0);
    const auto read = read_wallet(where);
    REQUIRE_FALSE(read);
    CHECK(read.error() == errc::bad_key_file);
    CHECK(mentions(read.error(), "chmod 0600 '" + where.string() + "'"));
  }
  REQUIRE(::chmod(where.c_str(), 0400) == 0);
  CHECK(read_wallet(where));
}

TEST_CASE("a directory open to others is refused with the chmod to run") {
  const key_directory keys;
  const auto where = keys.path / "wallet.key";
  REQUIRE(write_key_file(where, key_kind::wallet, here, some_secret()));
  for (mode_t mode : {0755, 0701, 0770, 01777}) {
    REQUIRE(::chmod(keys.path.c_str(), mode) == 0);
    const auto chmod = "chmod 0700 '" + keys.path.string() + "'";
    const auto read = read_wallet(where);
    REQUIRE_FALSE(read);
    CHECK(read.error() == errc::bad_key_file);
    CHECK(mentions(read.error(), chmod));
    const auto written = write_key_file(keys.path / "new.key", key_kind::wallet,
                                        here, some_secret());
    REQUIRE_FALSE(written);
    CHECK(mentions(written.error(), chmod));
  }
  REQUIRE(::chmod(keys.path.c_str(), 0700) == 0);
  CHECK(keys.entries() == 1);
}

TEST_CASE("another user's file is refused"
          * doctest::skip(::geteuid() != 0)) { // only root can give one away
  const key_directory keys;
  const auto where = keys.path / "wallet.key";
  REQUIRE(write_key_file(where, key_kind::wallet, here, some_secret()));
  REQUIRE(::chown(where.c_str(), 1, 1) == 0);
  const auto read = read_wallet(where);
  REQUIRE_FALSE(read);
  CHECK(read.error() == errc::bad_key_file);
  CHECK(mentions(read.error(), "belongs to user 1"));
}

TEST_CASE("what is missing or no regular file is refused without waiting") {
  const key_directory keys;
  CHECK(read_wallet(keys.path / "none").error() == errc::not_found);
  CHECK(read_wallet(keys.path / "no" / "where").error() == errc::not_found);
  REQUIRE(::mkfifo((keys.path / "pipe").c_str(), 0600) == 0);
  CHECK(read_wallet(keys.path / "pipe").error() == errc::bad_key_file);
  CHECK(read_wallet(keys.path).error() == errc::bad_key_file);
}

TEST_CASE("another kind or network is refused by name") {
  const auto raw = plain_file();
  const auto kind = decode_key_file(raw, key_kind::farmer, here);
  REQUIRE_FALSE(kind);
  CHECK(kind.error() == errc::bad_key_file);
  CHECK(mentions(kind.error(), "of kind wallet, not farmer"));
  const auto network = decode_key_file(raw, key_kind::wallet, elsewhere);
  REQUIRE_FALSE(network);
  CHECK(network.error() == errc::wrong_network);
}

TEST_CASE("no flipped bit of a key file gives a secret") {
  for (const auto& good :
       {plain_file(),
        encode_key_file(key_kind::wallet, here, some_secret(), "p", cheap)})
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto bad = good;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      const auto read = decode_key_file(bad, key_kind::wallet, here, says("p"));
      CAPTURE(bit);
      REQUIRE_FALSE(read);
      CHECK(read.error() == errc::bad_key_file);
      CHECK_FALSE(read.error().detail.empty());
    }
}

TEST_CASE("damage on the disk is reported with the file's name") {
  const key_directory keys;
  const auto where = keys.path / "wallet.key";
  REQUIRE(write_key_file(where, key_kind::wallet, here, some_secret()));
  const auto good = plain_file();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x55;
    overwrite(where, bad);
    const auto read = read_wallet(where);
    REQUIRE_FALSE(read);
    CHECK(read.error() == errc::bad_key_file);
    CHECK(mentions(read.error(), where.string() + ": "));
  }
  for (std::size_t size :
       {std::size_t{0}, good.size() - 1, std::size_t{1} << 20}) {
    bytes bad{good.begin(), good.end()};
    bad.resize(size);
    overwrite(where, bad);
    CHECK(read_wallet(where).error() == errc::bad_key_file);
  }
}

TEST_CASE("no truncation or extension of a key file gives a secret") {
  const auto good = plain_file();
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK(decode_key_file(byte_view{good}.first(n), key_kind::wallet, here)
              .error()
          == errc::bad_key_file);
  auto longer = good;
  for (int i = 0; i < 100; ++i) {
    longer.push_back(0);
    CHECK_FALSE(decode_key_file(longer, key_kind::wallet, here));
    CHECK_FALSE(decode_key_file(resealed(longer), key_kind::wallet, here));
  }
}

TEST_CASE("a fitting checksum does not save a header that makes no sense") {
  for (std::size_t i = 0; i < payload_at; ++i)
    for (unsigned value = 0; value < 256; ++value) {
      auto bad = plain_file();
      if (bad[i] == value) continue;
      bad[i] = static_cast<std::uint8_t>(value);
      CAPTURE(i);
      CAPTURE(value);
      CHECK_FALSE(
          decode_key_file(resealed(bad), key_kind::wallet, here, says("p")));
    }
}

TEST_CASE("a sealed key cannot be given another kind or network") {
  auto raw = encode_key_file(key_kind::wallet, here, some_secret(), "p", cheap);
  raw[kind_at] = static_cast<std::uint8_t>(key_kind::farmer);
  const auto kind =
      decode_key_file(resealed(raw), key_kind::farmer, here, says("p"));
  REQUIRE_FALSE(kind);
  CHECK(kind.error() == errc::bad_key_file);
  raw[kind_at] = static_cast<std::uint8_t>(key_kind::wallet);
  raw[sealed_at] = 0;
  const auto opened = decode_key_file(resealed(raw), key_kind::wallet, here);
  // The flag is gone, so the sealed bytes come back; as the secret they are of
  // no kind.
  if (opened) CHECK_FALSE(decode_wallet_secret(*opened));
}

TEST_CASE("the passphrase is asked for only when it is needed") {
  int asked = 0;
  const passphrase_provider ask = [&]() -> result<secret_text> {
    ++asked;
    return fail(errc::cancelled, "no terminal");
  };
  CHECK(decode_key_file(plain_file(), key_kind::wallet, here, ask));
  CHECK(asked == 0);
  const auto sealed =
      encode_key_file(key_kind::wallet, here, some_secret(), "p", cheap);
  CHECK_FALSE(decode_key_file(sealed, key_kind::farmer, here, ask));
  CHECK(asked == 0);
  CHECK(decode_key_file(sealed, key_kind::wallet, here, ask).error()
        == errc::cancelled);
  CHECK(asked == 1);
  CHECK(decode_key_file(sealed, key_kind::wallet, here).error()
        == errc::bad_key_file);
  const auto wrong = decode_key_file(sealed, key_kind::wallet, here, says("q"));
  CHECK(wrong.error() == errc::bad_key_file);
  CHECK(mentions(wrong.error(), "passphrase"));
}

TEST_CASE("no secret, too large a one and an empty passphrase are refused") {
  const key_directory keys;
  const auto where = keys.path / "node.key";
  const auto write = [&](std::size_t size, const char* phrase) {
    std::optional<std::string_view> passphrase;
    if (phrase) passphrase = phrase;
    return write_key_file(where, key_kind::node, here, bytes(size), passphrase,
                          cheap);
  };
  CHECK(write(0, nullptr).error() == errc::bad_key_file);
  CHECK(write(max_key_payload + 1, nullptr).error() == errc::bad_key_file);
  CHECK(write(32, "").error() == errc::bad_key_file);
  CHECK(keys.entries() == 0);
  REQUIRE(write(max_key_payload, "p"));
  const auto read = read_key_file(where, key_kind::node, here, says("p"));
  REQUIRE(read);
  CHECK(read->size() == max_key_payload);
}

TEST_CASE("an identity equals the independent computation and survives") {
  const auto people = test::vectors("keys.json")["identities"];
  REQUIRE(people.size() == 3);
  for (const auto& x : people) {
    const auto person = identity_of(test::raw<32>(x["entropy"]));
    CHECK(to_hex(person.wallet.entropy) == test::text(x["entropy"]));
    CHECK(to_hex(encode(person.farmer))
          == test::text(x["farmer_0"]) + test::text(x["farm_secret"]));
    const auto wallet = decode_wallet_secret(encode(person.wallet));
    const auto farmer = decode_farmer_secret(encode(person.farmer));
    REQUIRE(wallet);
    REQUIRE(farmer);
    CHECK(wallet->entropy == person.wallet.entropy);
    CHECK(farmer->farmer.scalar() == person.farmer.farmer.scalar());
    CHECK(farmer->farm_secret == person.farmer.farm_secret);
  }
  CHECK(new_identity().wallet.entropy != new_identity().wallet.entropy);
}

TEST_CASE("secrets of another length, or a farmer key of zero, are refused") {
  for (std::size_t n = 0; n < 100; ++n) {
    const bytes raw(n, 1);
    CHECK(decode_wallet_secret(raw).has_value() == (n == 32));
    CHECK(decode_farmer_secret(raw).has_value() == (n == 64));
  }
  CHECK(decode_farmer_secret(bytes(64)).error() == errc::bad_key_file);
}

TEST_CASE("no random bytes give a secret or crash") {
  std::mt19937 random{7};
  for (int i = 0; i < 20'000; ++i) {
    bytes raw(random() % 200);
    for (auto& b : raw) b = static_cast<std::uint8_t>(random());
    if (const auto start = plain_file(); i % 2 && raw.size() > kind_at)
      std::copy_n(start.begin(), kind_at, raw.begin());
    CHECK_FALSE(decode_key_file(raw, key_kind::wallet, here, says("p")));
  }
}
