#include "core/base/check.hpp"
#include "core/chain/spec.hpp"

#include <array>

namespace spacetime {
namespace {
struct network_file {
  std::string_view name, text;
};

// Made from networks/*.toml by meson.build: one raw string literal each.
constexpr std::string_view mainnet =
#include "core/chain/mainnet.toml.inc"
    ;
constexpr std::string_view testnet =
#include "core/chain/testnet.toml.inc"
    ;
constexpr std::string_view devnet =
#include "core/chain/devnet.toml.inc"
    ;
constexpr std::string_view regtest =
#include "core/chain/regtest.toml.inc"
    ;
constexpr std::string_view sim =
#include "core/chain/sim.toml.inc"
    ;

constexpr std::array<network_file, 5> files{{{"mainnet", mainnet},
                                             {"testnet", testnet},
                                             {"devnet", devnet},
                                             {"regtest", regtest},
                                             {"sim", sim}}};

const network_file* find(std::string_view name) {
  const auto* found = std::ranges::find(files, name, &network_file::name);
  return found == files.end() ? nullptr : found;
}
} // namespace

std::vector<std::string_view> chain_spec::names() {
  std::vector<std::string_view> out;
  for (const auto& file : files) out.push_back(file.name);
  return out;
}

std::string_view chain_spec::embedded_text(std::string_view name) {
  const auto* file = find(name);
  check(file != nullptr, "the network is embedded");
  return file->text;
}

result<chain_spec> chain_spec::embedded(std::string_view name) {
  const auto* file = find(name);
  if (!file)
    return fail(errc::not_found, "no network is called " + std::string{name});
  return parse(file->text);
}
} // namespace spacetime
