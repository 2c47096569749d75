#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/introduction.h"
#include "daemon/log.h"
#include "daemon/service_manager.h"
#include "daemon/version.h"

namespace outaged::commands {
namespace {

std::string status_line(const Published& picture) {
  std::size_t open = 0, mismatches = 0, blind = 0;
  for (const ComponentStatus& component : picture.components) {
    open += component.incident && !component.incident->recovered;
    mismatches += component.verdict.called;
    blind += component.verdict.agreement == Agreement::blind;
  }
  return fmt::format("{} components: {} failing, {} mismatches, {} we cannot see; {} targets", picture.components.size(),
                     open, mismatches, blind, picture.targets.size());
}

/// Waits for a signal at most this long; 0: none came.
int next_signal(const sigset_t& signals, Duration patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  timespec wait{};
  wait.tv_sec = seconds.count();
  wait.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(patience - seconds).count();
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal > 0 ? signal : 0;
}

}  // namespace

Result<config::Config> load(const Source& source) {
  config::Loaded loaded = config::load(source.config_file, source.catalog_path);
  std::vector<std::string> problems;
  for (const config::Problem& problem : loaded.problems) problems.push_back(config::to_string(problem));
  if (loaded.config) {
    config::Config& config = *loaded.config;
    if (!source.listen_address.empty()) config.web.listen_address = source.listen_address;
    if (!source.external_url.empty()) {
      config.web.external_url = source.external_url;
      while (config.web.external_url.ends_with('/')) config.web.external_url.pop_back();
    }
    if (!source.storage_path.empty()) config.storage.path = source.storage_path;
    if (!source.log_level.empty()) config.log.level = source.log_level;
    if (!source.log_format.empty()) config.log.format = source.log_format;
    if (!source.retention.empty()) {
      const auto retention = parse_duration(source.retention);
      if (retention && *retention >= 1h) {
        config.storage.retention = *retention;
      } else {
        problems.push_back(fmt::format("--storage.retention: \"{}\" is not a duration of an hour or more, such as 30d", source.retention));
      }
    }
  }
  if (!problems.empty()) {
    std::string text;
    for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
    return Error{text};
  }
  return std::move(*loaded.config);
}

int run(const Source& source) {
  // Before any thread begins: all of them inherit the mask, and only this one takes signals.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto config = load(source);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error());
    std::error_code ignored;
    if (!std::filesystem::exists(source.config_file, ignored)) {
      fmt::print(stderr, "name yours with --config.file; to see what outaged does without one: outaged demo\n");
    }
    return 1;
  }
  log_setup(config->log.level, config->log.format);
  ServiceManager manager;
  LogTimeline timeline;
  const std::string external_url = config->web.external_url;
  const std::string host = config->web.listen_address.substr(0, config->web.listen_address.rfind(':'));
  // First of all, before anything that is watched can speak.
  log_info(fmt::format("outaged {}: {}", version, source.config_file));
  for (const std::string& line : introduce(*config)) log_info(line);
  auto daemon = Daemon::start(std::move(*config), [source] { return load(source); }, timeline);
  if (!daemon) {
    log_error(daemon.error());
    return 1;
  }
  const std::string address = external_url.empty() ? fmt::format("http://{}:{}", host, (*daemon)->port()) : external_url;
  log_info(where_to_look(address));
  manager.ready("watching");

  int code = 0;
  Timestamp said{};
  for (;;) {
    const int signal = next_signal(signals, std::min<Duration>(1s, manager.feeding_interval().value_or(1s)));
    if (signal == SIGHUP) {
      manager.reloading();
      const auto reloaded = (*daemon)->reload();
      manager.ready(reloaded ? "watching" : "watching; the last reload was refused");
    } else if (signal != 0) {
      log_info(signal == SIGINT ? "interrupted: stopping" : "asked to stop: stopping");
      break;
    }
    if (const std::string failure = (*daemon)->failure(); !failure.empty()) {
      log_error(failure);
      code = 1;
      break;
    }
    manager.feed(system_clock().steady(), (*daemon)->healthy());
    if (const auto picture = (*daemon)->board().latest(); picture && picture->at - said >= 10s) {
      said = picture->at;
      manager.status(status_line(*picture));
    }
  }
  manager.stopping();
  (*daemon)->stop();
  log_info("stopped");
  return code;
}

int check_config(const Source& source) {
  const auto config = load(source);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error());
    return 1;
  }
  const auto jobs = plan_jobs(*config, system_clock(), std::make_shared<probes::llm::Ledger>(system_clock()));
  if (!jobs) {
    fmt::print(stderr, "{}: {}\n", source.config_file, jobs.error());
    return 1;
  }
  if (const auto receivers = check_receivers(*config); !receivers) {
    fmt::print(stderr, "{}: {}\n", source.config_file, receivers.error());
    return 1;
  }
  fmt::print("{}: ok\n", source.config_file);
  for (const std::string& line : introduce(*config)) fmt::print("{}\n", line);
  return 0;
}

}  // namespace outaged::commands
