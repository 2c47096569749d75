// How what pages posted is read back. Used by the store (at a restart) and by the history. Throws SqlError.
#pragma once

#include <vector>

#include "core/page_posts.h"
#include "storage/database.h"

namespace outaged::storage {

/// Of one page, last seen at or after `since`: what is open first, then the newest. With their updates.
std::vector<PagePost> read_posts(Database& database, PageId page, Timestamp since, std::int64_t limit);
/// Of all pages, those not gone, with their updates; the latest seen, if there are many.
std::vector<PagePost> read_listed_posts(Database& database, std::int64_t limit);

}  // namespace outaged::storage
