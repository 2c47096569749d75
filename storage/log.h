// The log: every stored input in order of its sequence number, merged from the tables observations, claims and inputs.
// Read by restore (on the pipeline thread) and by replay (on a connection of its own). Reads one window of time after
// the other, each in a short transaction, so that memory stays bounded and the writer is never held up.
#pragma once

#include <functional>
#include <string>

#include "core/input.h"
#include "storage/database.h"

namespace outaged::storage {

struct LogRange {
  Timestamp from = never_past;  // inputs with at >= from
  Seq after = 0;                // and seq > after
};

/// Calls `each` for every input of the range that was stored when it was called. An input that cannot be decoded is
/// told to `problem` and left out. Throws SqlError, and what the callbacks throw.
void read_log(Database& database, LogRange range, const std::function<void(Input&&)>& each,
              const std::function<void(std::string)>& problem);

}  // namespace outaged::storage
