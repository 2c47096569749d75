// The part of a scenario that says what its status page claims. Called by the scenario's loader only.
#pragma once

#include "config/reader.h"
#include "simulator/scenario.h"

namespace outaged::simulator {

void read_page(config::Reader& reader, const config::Node& node, PageScript& out);

}  // namespace outaged::simulator
