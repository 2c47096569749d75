// The daemon's answers over HTTP: lifecycle, metrics, /api/v1, /health, and two small pages for people. docs/api.md
// describes them all. Mounted once by the daemon before the server starts; the handlers then run on web threads. They
// read the published picture and the database (a read-only connection per request) and change nothing; a reload is only
// asked for.
#pragma once

#include <functional>
#include <string>

#include "core/result.h"
#include "daemon/published.h"
#include "web/server.h"

namespace outaged {

struct ApiOptions {
  const Board& board;                      // must outlive the server
  std::string database;                    // path; empty: there is none, and what needs history answers 503
  std::function<Result<void>()> reload;    // called on a web thread, waits for the outcome; the error is shown to the caller
  std::string version;
};

void mount_api(web::Server& server, ApiOptions options);

}  // namespace outaged
