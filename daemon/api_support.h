// What the API's handlers share: replies, refusals, the picture and the database. Any web thread.
#pragma once

#include <memory>
#include <string>

#include "daemon/api_json.h"
#include "daemon/api_params.h"
#include "daemon/published.h"
#include "storage/history.h"
#include "web/server.h"

namespace outaged {

web::Reply json_reply(const Json& json, int status = 200);
web::Reply text_reply(std::string text, int status = 200);
/// {"error": message}
web::Reply error_reply(int status, const std::string& message);

/// The handler, with what it refuses turned into an error reply.
web::Handler refusing(web::Handler handler);

/// The latest picture. Throws Refused (503) before the first.
std::shared_ptr<const Published> need_picture(const Board& board);
/// A read-only connection of this request's own. Throws Refused (503) if there is none.
std::unique_ptr<storage::History> need_history(const std::string& database);
/// What history could not read is an error, never an empty answer. Throws Refused (500).
void check(const storage::History& history);

/// The current time, for "six hours ago" and for what lasts.
Timestamp wall_now();

}  // namespace outaged
