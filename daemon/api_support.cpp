#include "daemon/api_support.h"

#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "core/clock.h"
#include "core/text.h"

namespace outaged {

web::Reply json_reply(const Json& json, int status) {
  web::Reply reply;
  reply.status = status;
  reply.body = to_text(json);
  return reply;
}

web::Reply text_reply(std::string text, int status) {
  web::Reply reply;
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(text);
  return reply;
}

web::Reply error_reply(int status, const std::string& message) { return json_reply({{"error", message}}, status); }

web::Handler refusing(web::Handler handler) {
  return [handler = std::move(handler)](const web::Request& request) {
    try {
      return handler(request);
    } catch (const Refused& refused) {
      return error_reply(refused.status, refused.message);
    }
  };
}

std::shared_ptr<const Published> need_picture(const Board& board) {
  auto picture = board.latest();
  if (!picture || !picture->topology) throw Refused{503, "not ready: outaged has just started, try again in a second"};
  return picture;
}

std::unique_ptr<storage::History> need_history(const std::string& database) {
  if (database.empty()) throw Refused{503, "there is no history: outaged runs without a database"};
  auto history = storage::History::open(database);
  if (!history) {
    // The reason names paths of this machine: it is for the log, not for whoever asks.
    spdlog::warn("cannot read the database: {}", clean_line(history.error()));
    throw Refused{503, "the database cannot be read now; the log says why"};
  }
  return std::move(*history);
}

void check(const storage::History& history) {
  if (history.last_error().empty()) return;
  spdlog::warn("cannot read the database: {}", clean_line(history.last_error()));
  throw Refused{500, "the database could not be read; the log says why"};
}

Timestamp wall_now() { return system_clock().wall(); }

}  // namespace outaged
