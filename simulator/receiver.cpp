#include "simulator/receiver.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

namespace outaged::simulator {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

std::string to_json(const Received& received) {
  using Json = nlohmann::ordered_json;
  Json headers = Json::object();
  for (const auto& [name, value] : received.headers) headers[name] = value;
  const Json line = {{"n", received.number}, {"at", format_time(received.at)}, {"method", received.method}, {"path", received.path},
                     {"headers", headers}, {"body", received.body}, {"answered", received.answered}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Receiver::Receiver(std::vector<ReceiverFault> faults, std::string log_file, const Clock& clock)
    : faults_(std::move(faults)), log_path_(std::move(log_file)), clock_(clock), used_(faults_.size()) {}

Receiver::~Receiver() {
  stop();
  if (log_ >= 0) close(log_);
}

Result<void> Receiver::start(const std::string& address) {
  if (!log_path_.empty() && log_ < 0) {
    log_ = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_ < 0) return Error{fmt::format("cannot write {}: {}", log_path_, std::strerror(errno))};
  }
  server_ = web::Server::create();
  server_->route("GET", "/-/healthy", [](const web::Request&) {
    web::Reply reply;
    reply.content_type = "text/plain";
    reply.body = "OK\n";
    return reply;
  });
  server_->route("GET", "/-/received", [this](const web::Request&) {
    web::Reply reply;
    reply.content_type = "application/jsonl";
    for (const auto& one : received()) reply.body += to_json(one) + "\n";
    return reply;
  });
  server_->fallback([this](const web::Request& request) { return take(request); });
  return server_->start(address);
}

int Receiver::port() const { return server_ ? server_->port() : 0; }

void Receiver::stop() {
  if (server_) server_->stop();
}

const ReceiverFault* Receiver::due_fault(const std::string& path) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (used_[i] >= faults_[i].first || (!faults_[i].path.empty() && faults_[i].path != path)) continue;
    ++used_[i];
    return &faults_[i];
  }
  return nullptr;
}

bool Receiver::log(const Received& received) {
  if (log_ < 0) return true;
  const auto line = to_json(received) + "\n";
  return write(log_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

web::Reply Receiver::take(const web::Request& request) {
  Received one;
  one.at = clock_.wall();
  one.method = request.method;
  one.path = request.path;
  one.body = request.body;
  for (const auto& [name, value] : request.headers) one.headers.emplace_back(lower_case(name), value);
  web::Reply reply;
  reply.body = "{\"ok\":true}";
  const std::lock_guard lock(mutex_);
  if (const auto* fault = due_fault(request.path)) {
    reply.status = fault->status;
    reply.body = "{\"error\":\"failing on cue\"}";
    reply.drop = fault->hang || fault->drop;
    if (fault->hang) reply.delay = 24h;
    if (fault->retry_after) reply.headers.emplace_back("Retry-After", std::to_string(fault->retry_after->count() / 1000));
  }
  one.number = received_.size() + 1;
  one.answered = reply.drop ? 0 : reply.status;
  if (!log(one)) {
    // Better refused than lost: a sender that is told 200 will not send it again.
    one.answered = reply.status = 500;
    reply.body = "{\"error\":\"the record cannot be written\"}";
    reply.drop = false;
    reply.delay = {};
  }
  if (one.answered >= 200 && one.answered < 300) ++delivered_;
  received_.push_back(std::move(one));
  changed_.notify_all();
  return reply;
}

std::vector<Received> Receiver::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

bool Receiver::wait_for(std::size_t count, Duration patience) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return delivered_ >= count; });
}

}  // namespace outaged::simulator
