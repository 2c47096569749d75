#include "daemon/daemon.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.h"
#include "daemon/api.h"
#include "daemon/api_hooks.h"
#include "daemon/api_ingest.h"
#include "daemon/log.h"
#include "daemon/version.h"

namespace outaged {
namespace {

constexpr Duration delivery_patience = 3s;
constexpr Duration stuck_after = 20s;

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(config::Config config, ConfigSource source, Timeline& timeline,
                                              PipelineOptions options) {
  const Clock& clock = system_clock();
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(source)));
  Daemon& self = *daemon;
  self.running_ = config;
  const auto shared = std::make_shared<const config::Config>(config);

  auto store = storage::Store::open({.path = config.storage.path, .retention = config.storage.retention});
  if (!store) return Error{store.error()};
  if (!(*store)->moved_aside().empty()) {
    log_error(fmt::format("the database {} was damaged; it was moved to {} and a new one begun", config.storage.path,
                          (*store)->moved_aside()));
  }

  // The port next: a second instance must fail before it asks anything.
  self.server_ = web::Server::create();
  mount_api(*self.server_, {.board = self.board_, .database = config.storage.path,
                            .reload = [&self] { return self.reload(); }, .version = version});
  options.heartbeats = self.heartbeats_;
  options.ingest = std::make_shared<IngestCounters>();
  self.ingest_ = std::make_unique<Ingest>(self.board_, clock, [&self](auto what) { return self.pipeline_->inbox().push(std::move(what)); },
                                         options.ingest);
  self.ingest_->configure(config.ingest);
  mount_ingest(*self.server_, self.board_, *self.ingest_, *self.heartbeats_);
  self.hooks_.configure(config);
  mount_hooks(*self.server_, self.hooks_, [&self](const std::string& page) { self.read_page_now(page); });
  self.server_->on_failure([&self](const std::string& why) {
    const std::lock_guard lock(self.failure_mutex_);
    self.failure_ = "the web server ended: " + why;
  });

  const auto report = [&self](const DeliveryReport& row) { self.pipeline_->inbox().push(row); };
  self.delivery_ = alerts::Delivery::create(clock, report, [egress = signed_egress(config)] { return alerts::make_http_sender(egress); });
  options.database = config.storage.path;
  auto pipeline = Pipeline::create(std::move(*store), *self.delivery_, self.board_, timeline, clock, options);
  if (!pipeline) return Error{pipeline.error()};
  self.pipeline_ = std::move(*pipeline);

  auto loop = probes::Loop::create(loop_options(config), self);
  if (!loop) return Error{loop.error()};
  self.loop_ = std::move(*loop);
  self.pipeline_->attach(self.loop_.get());

  const auto listening = self.server_->start(config.web.listen_address);
  if (!listening) return Error{listening.error()};
  self.pipeline_->start();
  const auto in_force = self.pipeline_->reconfigure(shared);
  if (!in_force) return Error{in_force.error()};
  self.loop_->start();
  return daemon;
}

Daemon::~Daemon() { stop(); }

void Daemon::stop() {
  if (std::exchange(stopped_, true)) return;
  if (server_) server_->stop();
  if (loop_) loop_->stop();
  if (delivery_) delivery_->stop(delivery_patience);
  if (pipeline_) pipeline_->stop();
}

Result<void> Daemon::reload() {
  const std::lock_guard lock(reload_mutex_);
  auto config = source_();
  const auto refuse = [&](const std::string& why) -> Result<void> {
    log_error("reload refused, the old configuration stays:");
    for (std::size_t from = 0; from < why.size();) {  // a problem a line
      const std::size_t end = std::min(why.find('\n', from), why.size());
      log_error(why.substr(from, end - from));
      from = end + 1;
    }
    pipeline_->count_failed_reload(why);
    return Error{why};
  };
  if (!config) return refuse(config.error());
  const auto in_force = pipeline_->reconfigure(std::make_shared<const config::Config>(*config));
  if (!in_force) return refuse(in_force.error());
  ingest_->configure(config->ingest);
  hooks_.configure(*config);
  const auto keeps = [&](bool changed, std::string_view key) {
    if (changed) log_warning(fmt::format("{} changed: it takes effect at the next start", key));
  };
  keeps(config->web.listen_address != running_.web.listen_address, "web.listen_address");
  keeps(config->storage.path != running_.storage.path, "storage.path");
  keeps(config->storage.retention != running_.storage.retention, "storage.retention");
  keeps(config->log.level != running_.log.level || config->log.format != running_.log.format, "log");
  keeps(config->egress.proxy != running_.egress.proxy || config->egress.no_proxy != running_.egress.no_proxy ||
            config->egress.ca_file != running_.egress.ca_file || config->egress.user_agent != running_.egress.user_agent ||
            config->egress.resolvers != running_.egress.resolvers,
        "egress");
  log_info("configuration reloaded");
  return {};
}

bool Daemon::healthy() const {
  const SteadyTime now = system_clock().steady();
  const auto picture = board_.latest();  // the loop's own figures reset when read: they are the pipeline's to read
  return now - pipeline_->progress() < stuck_after && (!picture || now - picture->loop.progress < stuck_after);
}

std::string Daemon::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

void Daemon::read_page_now(const std::string& name) {
  const auto picture = board_.latest();
  if (!picture) return;  // just started: it is about to be read anyway
  for (const PageSpec& page : picture->topology->pages) {
    if (page.name == name) loop_->probe_now(probes::Job::Role::page, index(page.id));
  }
}

/// On the loop's thread: hand over and go on.
void Daemon::result(probes::Result&& result) {
  Inbox& inbox = pipeline_->inbox();
  if (result.role == probes::Job::Role::page) {
    inbox.push(PageReading{static_cast<PageId>(result.id), std::move(result.finding.page), std::move(result.finding.document)});
    return;
  }
  Observation observation;
  observation.target = static_cast<TargetId>(result.id);
  observation.cls = result.finding.cls;
  observation.base_schedule = result.base_schedule;
  observation.http_status = static_cast<std::uint16_t>(result.response.status);
  observation.took = result.took;
  observation.timings = result.response.timings;
  observation.cert_expiry = result.response.cert_expiry;
  observation.evidence = std::move(result.finding.evidence);
  inbox.push(std::move(observation));
}

}  // namespace outaged
