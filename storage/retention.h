// Deletes what is older than the retention, a bounded number of rows a call, oldest knowledge first. Called by the
// store on the pipeline thread. Never deletes: incidents, the observations and documents that prove them, names,
// notifications still pending or of an incident not long over, the newest snapshot, the configuration in force.
#pragma once

#include <cstddef>

#include "storage/database.h"

namespace outaged::storage {

/// One transaction of its own. True: the budget is spent, and more may be left. Throws SqlError.
bool sweep(Database& database, Timestamp cutoff, std::size_t budget);

}  // namespace outaged::storage
