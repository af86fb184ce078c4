#pragma once
// The maker of chains under the names of the tests.

#include "core/sim/chain_maker.hpp"

namespace spacetime::test {
using sim::block_options;
using sim::chain_maker;
using sim::entry_style;
using sim::finished;
using sim::made_block;
using sim::network_with;
using sim::rule_value;
} // namespace spacetime::test
