#include "core/crypto/account.hpp"
#include "tests/core/disk/disk_fixture.hpp"
#include "tools/spacetime/wallet_keys.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace spacetime;

namespace {
/// A regtest home with wallets of known words.
struct wallets {
  wallets()
      : at{config::home_at(*directory, "regtest"),
           *chain_spec::embedded("regtest")} {
    REQUIRE(config::create(at.home).has_value());
  }
  void make(const std::string& name, std::uint8_t entropy,
            std::optional<std::string_view> passphrase = {}) const {
    disk::wallet_secret secret;
    secret.entropy.fill(entropy);
    const seal_options cheap{8, 1, 1};
    REQUIRE(disk::write_key_file(cli::wallet_file(at.home, name),
                                 disk::key_kind::wallet, at.spec.network(),
                                 disk::encode(secret), passphrase, cheap)
                .has_value());
  }
  [[nodiscard]] std::filesystem::path text_file(std::string_view text) const {
    const auto out = *directory / "passphrase";
    std::ofstream{out} << text;
    return out;
  }
  test::temporary_directory directory;
  cli::place at;
};
} // namespace

TEST_CASE("a wallet's name is short, plain and no premine's") {
  for (const auto* good : {"a", "default", "my-savings_2", "0",
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    CHECK_MESSAGE(cli::check_wallet_name(good).has_value(), good);
  for (const auto* bad : {"", "A", "a b", "a/b", "..", "a.b", "-a", "_a", "a\n",
                          "\xc3\xa9", "premine", "premine-1", "premined",
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    CHECK_MESSAGE(cli::check_wallet_name(bad).error() == errc::bad_encoding,
                  bad);
}

TEST_CASE("wallets are listed by name, the default one first") {
  const wallets w;
  CHECK(cli::wallet_names(w.at.home)->empty());
  for (const auto* name : {"b", "default", "a"}) w.make(name, 1);
  for (const auto* other : {"wallet.key.new-00", "wallet..key", "farmer.key",
                            "wallet.A.key", "wallet.a.key.bak", "wallet.x"})
    std::ofstream{w.at.home.keys_dir / other};
  CHECK(*cli::wallet_names(w.at.home)
        == std::vector<std::string>{"default", "a", "b"});
}

TEST_CASE("a wallet opens by its name, another name says which there are") {
  const wallets w;
  w.make("default", 1);
  w.make("a", 2);
  const auto one = cli::open_wallet(w.at, "default", {});
  const auto two = cli::open_wallet(w.at, "a", {});
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK(one->account != two->account);
  CHECK(one->account == account_of(one->key.public_part()));
  CHECK(*cli::unlocked_account(w.at, "a") == two->account);
  const auto none = cli::open_wallet(w.at, "c", {});
  CHECK(none.error() == errc::not_found);
  CHECK(none.error().detail.find("default, a") != std::string::npos);
  CHECK(cli::open_wallet(w.at, "../a", {}).error() == errc::bad_encoding);
}

TEST_CASE("a passphrase comes from the first line of a file, and is needed") {
  const wallets w;
  w.make("a", 1, "correct horse");
  CHECK(*cli::unlocked_account(w.at, "a") == std::nullopt);
  for (const auto* text :
       {"correct horse", "correct horse\n", "correct horse\r\nmore"})
    CHECK_MESSAGE(cli::open_wallet(w.at, "a", w.text_file(text)).has_value(),
                  text);
  for (const auto* text : {"", "\ncorrect horse", "correct  horse",
                           " correct horse", "Correct horse"})
    CHECK_MESSAGE(cli::open_wallet(w.at, "a", w.text_file(text)).error()
                      == errc::bad_key_file,
                  text);
  CHECK(cli::open_wallet(w.at, "a", w.text_file(std::string(2000, 'x'))).error()
        == errc::bad_key_file);
  CHECK(cli::open_wallet(w.at, "a", *w.directory / "none").error()
        == errc::bad_key_file);
}

TEST_CASE("each premine of regtest has a public key, and no fifth one has") {
  const wallets w;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto name = i == 0 ? "premine" : "premine-" + std::to_string(i);
    const auto key = cli::open_wallet(w.at, name, {});
    REQUIRE_MESSAGE(key.has_value(), name);
    CHECK(key->account == w.at.spec.genesis.premine[i].account);
  }
  CHECK(cli::open_wallet(w.at, "premine-4", {}).error() == errc::not_found);
  for (const auto* bad :
       {"premine-", "premine-x", "premine--1", "premine-99999999999"})
    CHECK(cli::open_wallet(w.at, bad, {}).error() == errc::bad_encoding);
}

TEST_CASE("a network of one's own finds the public keys of its premine") {
  wallets w;
  w.at.spec.genesis.name = "quick";
  CHECK(cli::open_wallet(w.at, "premine-2", {}).has_value());
  w.at.spec.genesis.premine[2].account.value[0] ^= 1;
  CHECK(cli::open_wallet(w.at, "premine-2", {}).error() == errc::not_found);
}
