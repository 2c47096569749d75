#include "daemon/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/codec.h"
#include "core/page_posts.h"
#include "core/text.h"
#include "daemon/ingest.h"
#include "daemon/tally.h"
#include "probes/pages/mapping.h"
#include "storage/history.h"

namespace outaged {
namespace {

constexpr Duration control_spacing = 2s;      // asking controls again, at the most this often
constexpr Duration snapshot_spacing = 5s;
constexpr Duration retain_every = 1min;
constexpr Duration commit_retry = 1s;
constexpr std::size_t unsaved_most = 200'000;  // samples kept in memory while the disk refuses them

}  // namespace

class Pipeline::Impl {
 public:
  Impl(std::unique_ptr<storage::Store> store, alerts::Delivery& delivery, Board& board, Timeline& timeline,
       const Clock& clock, PipelineOptions options, const storage::Restored& restored)
      : store_(std::move(store)), delivery_(delivery), board_(board), timeline_(timeline), clock_(clock), options_(options),
        inbox_(clock, options.inbox_capacity, restored.last_at), router_(config::Config{}), seq_(restored.last_seq),
        started_(clock.wall()) {
    touch();
  }

  Result<void> restore(storage::Restored restored);
  void run();
  Result<void> put_in_force(Timestamp at, const std::shared_ptr<const config::Config>& config);

  std::unique_ptr<storage::Store> store_;
  alerts::Delivery& delivery_;
  Board& board_;
  Timeline& timeline_;
  const Clock& clock_;
  const PipelineOptions options_;
  probes::Loop* loop_ = nullptr;
  Inbox inbox_;
  std::thread thread_;
  std::atomic<SteadyTime::rep> progress_{0};
  std::mutex reload_mutex_;
  std::string reload_problem_;
  std::uint64_t reloads_failed_ = 0;

 private:
  void touch() { progress_ = clock_.steady().time_since_epoch().count(); }
  void pass_time(Timestamp until);
  void take(Entry& entry);
  void step(Timestamp at, decltype(Input::what) what);
  void observe(Timestamp at, Observation observation, bool reported = false);
  void follow_up(Timestamp at, Disposition disposition);
  void take_traffic(Timestamp at, ReportedTraffic traffic);
  std::optional<TargetId> reporter(Timestamp at, TargetSpec& spec);
  void find_reporters();
  void read_page(Timestamp at, PageReading reading);
  void ask_controls(Timestamp at);
  void resume(Incident incident, Timestamp at);
  void record_effects();
  void settle_budgets(Timestamp now);
  void tell_self(Timestamp at, SelfNotice notice);
  void snapshot(Timestamp now, bool last);
  void commit(Timestamp now);
  void publish(Timestamp now);

  Engine engine_;
  Effects effects_;
  alerts::Router router_;
  Seq seq_ = 0;
  std::shared_ptr<const config::Config> config_;
  std::map<PageId, std::vector<PageListener>> listeners_;
  const std::shared_ptr<probes::llm::Ledger> ledger_ = std::make_shared<probes::llm::Ledger>(clock_);
  std::unordered_map<std::string, TargetId> reporters_;  // streams of reported traffic, by name
  Tally tally_;
  PagePosts posts_;
  Timestamp started_{};

  storage::Batch batch_;                       // of this turn, and of turns the disk refused
  std::vector<OutboxRow> new_rows_;            // to deliver once they are stored
  std::vector<OutboxRow> restored_rows_;       // to deliver as soon as there is a configuration
  std::vector<std::pair<Timestamp, Effect>> happened_;
  std::vector<OutboxRow> reported_;
  std::vector<std::shared_ptr<std::promise<Result<void>>>> waiting_;
  bool publish_now_ = true, snapshot_now_ = false, store_now_ = false, storage_failing_ = false;
  Timestamp published_ = never_past, snapshot_at_ = never_past, stored_ = never_past, controls_asked_ = never_past, retained_ = never_past,
            retry_at_ = never_past;
  Duration lag_{};
};

// ---- start ----------------------------------------------------------------------------------------------------------

Result<void> Pipeline::Impl::restore(storage::Restored restored) {
  for (const std::string& problem : restored.problems) timeline_.restore_problem(problem);
  ledger_->restore(restored.spent);
  posts_.restore(std::move(restored.posts));
  const auto fold = [&](const Input& input) { engine_.step(input, effects_); };
  std::string refused;
  if (restored.snapshot) {
    auto topology = store_->topology(restored.snapshot->config);
    auto engine = topology ? Engine::load(restored.snapshot->document, std::move(topology))
                           : Result<Engine>(Error{"the snapshot's configuration is missing"});
    if (engine) {
      engine_ = std::move(*engine);
    } else {
      refused = engine.error();
    }
  }
  // What these inputs caused was stored with them: only the state is wanted.
  if (refused.empty()) {
    for (const Input& input : restored.after) fold(input);
  } else {
    timeline_.restore_problem(refused + "; reading the whole log instead");
    auto history = storage::History::open(options_.database);
    if (!history) return Error{history.error()};
    const auto folded = (*history)->replay(never_past, 0, fold);
    if (!folded) return Error{folded.error()};
  }
  effects_.clear();
  router_.restore(restored.told, restored.last_outbox_id);
  for (const OutboxRow& row : restored.told) {
    if (row.state == OutboxState::pending) restored_rows_.push_back(row);
  }
  for (Incident& incident : restored.incidents) {
    if (!incident.recovered) resume(std::move(incident), restored.last_at);
  }
  return {};
}

/// An incident that was open when we stopped. One that the log no longer knows (it was cut, or could not be read) would
/// stay open for ever: it ends here, and whoever was told of it is told that.
void Pipeline::Impl::resume(Incident incident, Timestamp at) {
  const Incident* known = engine_.incident(incident.component);
  if (known && known->id == incident.id) return timeline_.resumed(incident, *engine_.topology());
  timeline_.restore_problem("the log does not know the open incident " + incident.id + "; it ends here");
  incident.recovered = at;
  incident.health = Status::operational;
  ++incident.told;
  Effects ended;
  ended.list.push_back({at, IncidentRecovered{incident}});
  router_.route(ended, engine_, new_rows_);
  batch_.outbox.insert(batch_.outbox.end(), new_rows_.begin(), new_rows_.end());
  batch_.incidents.push_back(std::move(incident));
  batch_.durable = true;
}

Result<void> Pipeline::Impl::put_in_force(Timestamp at, const std::shared_ptr<const config::Config>& config) {
  auto jobs = plan_jobs(*config, clock_, ledger_, options_.heartbeats);
  if (!jobs) return Error{jobs.error()};
  if (auto receivers = check_receivers(*config); !receivers) return receivers;
  auto topology = std::make_shared<Topology>(*config::make_topology(*config, *store_));
  topology->hash.clear();
  topology->hash = sha256_hex(encode(*topology));  // of what holds, not of how it was written
  const bool changed = topology->hash != engine_.topology()->hash;
  config_ = config;
  router_.reconfigure(*config);
  delivery_.reconfigure(config->receivers);
  listeners_ = page_listeners(*config, *topology);
  ledger_->limit_all({.tokens_per_day = config->probing.tokens_per_day, .requests_per_day = config->probing.requests_per_day});
  if (options_.heartbeats) options_.heartbeats->expect(expected_heartbeats(*config), clock_.steady());
  if (changed) step(at, ConfigChange{topology});
  tally_.configure(*engine_.topology(), *config);
  find_reporters();
  if (loop_) {
    loop_->replace(number_jobs(std::move(*jobs), *topology));
    // A loop that has just begun knows nothing of what was suspicious before the restart.
    for (const TargetSpec& spec : topology->targets) {
      const Duration cadence = engine_.target(spec.id).cadence;
      if (cadence != Duration{}) loop_->cadence(probes::Job::Role::target, index(spec.id), cadence, Duration{});
    }
  }
  publish_now_ = true;
  return {};
}

// ---- one turn -------------------------------------------------------------------------------------------------------

void Pipeline::Impl::run() {
  std::vector<Entry> entries;
  for (bool stopping = false; !stopping;) {
    stopping = inbox_.stopped();
    const Timestamp wake = std::min({engine_.next_deadline(), published_ == never_past ? never : published_ + options_.publish_every,
                                     retry_at_ == never_past ? never : retry_at_});
    const Timestamp now = inbox_.drain(entries, stopping ? never_past : wake, options_.linger);
    touch();
    lag_ = entries.empty() ? Duration{} : now - entries.front().at;
    for (Entry& entry : entries) {
      pass_time(entry.at);
      take(entry);
    }
    pass_time(now);
    settle_budgets(now);
    snapshot(now, stopping);
    if (stopping) retry_at_ = never_past;  // the last chance to store it
    commit(now);
    if (publish_now_ || now - published_ >= options_.publish_every) publish(now);
  }
}

/// Each deadline gets a tick of its own, at its own time, whatever came in with it in one turn: so the numbers in the log
/// do not depend on how its inputs were batched.
void Pipeline::Impl::pass_time(Timestamp until) {
  while (engine_.next_deadline() <= until) step(engine_.next_deadline(), Tick{});
}

void Pipeline::Impl::take(Entry& entry) {
  if (auto* observation = std::get_if<Observation>(&entry.what)) {
    observe(entry.at, std::move(*observation));
  } else if (auto* reading = std::get_if<PageReading>(&entry.what)) {
    read_page(entry.at, std::move(*reading));
  } else if (auto* report = std::get_if<DeliveryReport>(&entry.what)) {
    if (auto row = router_.report(*report, entry.at)) {
      tally_.reported(*row);
      reported_.push_back(*row);
      batch_.outbox.push_back(std::move(*row));
      batch_.durable = true;
      publish_now_ = true;
    }
    step(entry.at, std::move(*report));
  } else if (auto* order = std::get_if<Reconfigure>(&entry.what)) {
    auto result = put_in_force(entry.at, order->config);
    if (result) {
      waiting_.push_back(order->done);  // answered once it is stored
    } else {
      order->done->set_value(std::move(result));
    }
  } else if (auto* clock_step = std::get_if<ClockStep>(&entry.what)) {
    timeline_.clock_step(entry.at, clock_step->by);
    ++tally_.clock_steps;
    step(entry.at, *clock_step);
  } else if (auto* action = std::get_if<OperatorAction>(&entry.what)) {
    step(entry.at, std::move(*action));
  } else if (auto* traffic = std::get_if<ReportedTraffic>(&entry.what)) {
    take_traffic(entry.at, std::move(*traffic));
  }
}

void Pipeline::Impl::find_reporters() {
  reporters_.clear();
  for (const TargetSpec& spec : engine_.topology()->targets) {
    if (!spec.source.empty()) reporters_[spec.name] = spec.id;
  }
}

/// The stream's id; its first report is an input of its own, so that a restart and a replay know it too. Where there are
/// as many as there may be, one that was not heard of for a day makes room; nullopt: none was.
std::optional<TargetId> Pipeline::Impl::reporter(Timestamp at, TargetSpec& spec) {
  if (const auto known = reporters_.find(spec.name); known != reporters_.end()) return known->second;
  if (!engine_.topology()->component(spec.component)) return std::nullopt;  // a reload took it away meanwhile
  if (reporters_.size() >= config_->ingest.max_streams) {
    const auto heard = [&](TargetId id) {
      const TargetView view = engine_.target(id);
      return std::max(view.last_good.value_or(never_past), view.last_bad.value_or(never_past));
    };
    const auto oldest = std::min_element(reporters_.begin(), reporters_.end(),
                                         [&](const auto& a, const auto& b) { return heard(a.second) < heard(b.second); });
    if (oldest == reporters_.end() || heard(oldest->second) > at - Ingest::forgotten_after) return std::nullopt;
    const TargetSpec* gone = engine_.topology()->target(oldest->second);
    if (gone) step(at, Reporting{.target = *gone, .ended = true});
    reporters_.erase(oldest);
  }
  spec.id = TargetId{store_->id(Names::Kind::target, spec.name)};
  step(at, Reporting{.target = spec});
  tally_.configure_target(spec.id);
  publish_now_ = true;
  reporters_[spec.name] = spec.id;
  return spec.id;
}

void Pipeline::Impl::take_traffic(Timestamp at, ReportedTraffic traffic) {
  if (!config_) return;
  // In order of time over all streams: whether a source's other services work is asked of each moment.
  std::vector<Observation> all;
  for (ReportedStream& stream : traffic.streams) {
    const auto id = reporter(at, stream.spec);
    if (!id) {
      ++tally_.streams_refused;
      continue;
    }
    for (Observation& observation : stream.observations) {
      observation.target = *id;
      all.push_back(std::move(observation));
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Observation& a, const Observation& b) { return a.age > b.age; });
  for (Observation& observation : all) observe(at, std::move(observation), true);
}

void Pipeline::Impl::observe(Timestamp at, Observation observation, bool reported) {
  const Seq seq = ++seq_;
  Input input{.seq = seq, .at = at, .what = std::move(observation)};
  engine_.step(input, effects_);
  auto& kept = std::get<Observation>(input.what);
  tally_.observed(kept, effects_.disposition, at);
  if (reported) {
    // Another's vantage: our controls say nothing of it. And of so many some always fail: that alone is no hurry.
    store_now_ = store_now_ || !effects_.list.empty();
  } else {
    follow_up(at, effects_.disposition);
  }
  if (effects_.disposition != Disposition::ignored) {
    batch_.observations.push_back({seq, at, std::move(kept), effects_.disposition});
  } else if (!effects_.list.empty()) {
    // Nobody's any more, so not kept; but it brought on deadlines, and what they caused needs its cause in the log.
    batch_.inputs.push_back({.seq = seq, .at = at, .what = Tick{}});
  }
  record_effects();
}

void Pipeline::Impl::follow_up(Timestamp at, Disposition disposition) {
  switch (disposition) {
    case Disposition::good:
    case Disposition::control: return;
    case Disposition::bad:
    case Disposition::void_unproven:
    case Disposition::void_uncorroborated: ask_controls(at); break;
    case Disposition::void_class:
    case Disposition::void_refractory:
    case Disposition::void_controls:
    case Disposition::ignored: break;
  }
  store_now_ = true;
}

/// "Is it us?": asked again right after any failure, so that the answer is fresh when the next one comes.
void Pipeline::Impl::ask_controls(Timestamp at) {
  if (!loop_ || (controls_asked_ != never_past && at - controls_asked_ < control_spacing)) return;
  controls_asked_ = at;
  for (const ControlSpec& spec : engine_.topology()->controls) loop_->probe_now(probes::Job::Role::control, index(spec.id));
}

void Pipeline::Impl::read_page(Timestamp at, PageReading reading) {
  const PageSpec* page = engine_.topology()->page(reading.page);
  const auto listeners = listeners_.find(reading.page);
  if (!page || listeners == listeners_.end() || !reading.report) return;
  if (reading.document) batch_.documents.push_back(reading.document);
  if (!reading.report->moved.empty()) tell_self(at, {.subject = page->name, .text = "its status page: " + reading.report->moved});
  const std::string hash = reading.document ? reading.document->hash : std::string();
  for (PagePost& post : posts_.take(reading.page, at, *reading.report, hash)) batch_.posts.push_back(std::move(post));
  for (const PageListener& listener : listeners->second) {
    Claim claim = probes::claim_of(*reading.report, listener.page_components);
    claim.component = listener.component;
    claim.url = page->url;
    claim.document = hash;
    tally_.claimed(claim);
    step(at, std::move(claim));
  }
}

/// Everything but observations, which keep their own rows.
void Pipeline::Impl::step(Timestamp at, decltype(Input::what) what) {
  Input input{.seq = seq_ + 1, .at = at, .what = std::move(what)};
  engine_.step(input, effects_);
  const bool tick = std::holds_alternative<Tick>(input.what);
  // A tick that changed something is kept: otherwise a restart would change it, and tell it, again.
  if (tick && effects_.list.empty()) return;
  ++seq_;
  if (const auto* claim = std::get_if<Claim>(&input.what)) {
    batch_.claims.push_back({input.seq, at, *claim});
  } else {
    batch_.inputs.push_back(std::move(input));
  }
  record_effects();
}

void Pipeline::Impl::record_effects() {
  if (effects_.list.empty()) return;
  // How often to ask is no news: it follows from the observations again after a restart.
  for (const Effects::Timed& timed : effects_.list) batch_.durable = batch_.durable || !std::holds_alternative<CadenceChanged>(timed.effect);
  const std::size_t rows_before = new_rows_.size();
  router_.route(effects_, engine_, new_rows_);
  batch_.outbox.insert(batch_.outbox.end(), new_rows_.begin() + static_cast<std::ptrdiff_t>(rows_before), new_rows_.end());
  for (Effects::Timed& timed : effects_.list) {
    if (const auto* e = std::get_if<VerdictChanged>(&timed.effect)) {
      batch_.verdicts.push_back({seq_, timed.at, e->after});
      publish_now_ = true;
    }
    if (const auto* e = std::get_if<IncidentOpened>(&timed.effect)) {
      batch_.incidents.push_back(e->incident);
      tally_.opened(e->incident);
      snapshot_now_ = true;
    }
    if (const auto* e = std::get_if<IncidentReopened>(&timed.effect)) batch_.incidents.push_back(e->incident), snapshot_now_ = true;
    if (const auto* e = std::get_if<IncidentRecovered>(&timed.effect)) batch_.incidents.push_back(e->incident), snapshot_now_ = true;
    if (const auto* e = std::get_if<IncidentUpdated>(&timed.effect)) batch_.incidents.push_back(e->incident);
    if (const auto* e = std::get_if<CadenceChanged>(&timed.effect)) {
      if (loop_) loop_->cadence(probes::Job::Role::target, index(e->target), e->interval, std::max(Duration{}, e->not_before - timed.at));
      continue;
    }
    happened_.emplace_back(timed.at, std::move(timed.effect));
  }
}

/// What paid probes have used goes with the batch, and the end of a budget to whom our own troubles are told.
void Pipeline::Impl::settle_budgets(Timestamp now) {
  for (Spent& row : ledger_->take_changes()) {
    const auto same = [&](const Spent& other) { return other.ledger == row.ledger && other.day == row.day; };
    std::erase_if(batch_.spent, same);
    batch_.spent.push_back(std::move(row));
  }
  const auto notices = ledger_->take_notices();
  if (notices.empty()) return;
  for (const auto& notice : notices) tell_self(now, SelfNotice{notice.subject, notice.text, notice.over});
}

/// Our own troubles of which the engine knows nothing.
void Pipeline::Impl::tell_self(Timestamp at, SelfNotice notice) {
  Effects told;
  told.list.push_back({at, std::move(notice)});
  const std::size_t rows_before = new_rows_.size();
  router_.route(told, engine_, new_rows_);
  batch_.outbox.insert(batch_.outbox.end(), new_rows_.begin() + static_cast<std::ptrdiff_t>(rows_before), new_rows_.end());
  batch_.durable = true;
  happened_.emplace_back(at, std::move(told.list.front().effect));
}

// ---- storing, delivering, publishing --------------------------------------------------------------------------------

void Pipeline::Impl::snapshot(Timestamp now, bool last) {
  const bool due = snapshot_at_ == never_past || now - snapshot_at_ >= options_.snapshot_every;
  const bool changed = snapshot_now_ && now - snapshot_at_ >= snapshot_spacing;
  if (!(due || changed || last) || engine_.topology()->hash.empty()) return;
  snapshot_now_ = false;
  snapshot_at_ = now;
  batch_.snapshot = storage::Snapshot{seq_, now, engine_.topology()->hash, engine_.save()};
}

void Pipeline::Impl::commit(Timestamp now) {
  const bool due = store_now_ || batch_.durable || batch_.snapshot || !batch_.inputs.empty() || stored_ == never_past ||
                   now - stored_ >= options_.commit_every;
  if (!batch_.empty() && due && (retry_at_ == never_past || now >= retry_at_)) {
    stored_ = now;
    store_now_ = false;
    const auto committed = store_->commit(batch_);
    if (committed) {
      batch_ = {};
      retry_at_ = never_past;
      if (storage_failing_) timeline_.storage_problem("");
      storage_failing_ = false;
    } else {
      // Keep deciding and delivering from memory, and try again.
      retry_at_ = now + commit_retry;
      if (!storage_failing_) timeline_.storage_problem(committed.error());
      storage_failing_ = true;
      if (batch_.observations.size() > unsaved_most) {
        const std::size_t excess = batch_.observations.size() - unsaved_most;
        tally_.unsaved_dropped += excess;
        batch_.observations.erase(batch_.observations.begin(), batch_.observations.begin() + static_cast<std::ptrdiff_t>(excess));
      }
    }
  }
  for (auto& promise : waiting_) promise->set_value(Result<void>{});
  waiting_.clear();
  if (!restored_rows_.empty() && config_) {
    delivery_.enqueue(restored_rows_);
    restored_rows_.clear();
  }
  if (!new_rows_.empty() && config_) {
    delivery_.enqueue(new_rows_);
    for (const OutboxRow& row : new_rows_) timeline_.notification(now, row);
    new_rows_.clear();
  }
  for (const auto& [at, effect] : happened_) timeline_.effect(at, effect, *engine_.topology());
  happened_.clear();
  for (const OutboxRow& row : reported_) timeline_.notification(now, row);
  reported_.clear();
  if (retained_ == never_past || now - retained_ >= retain_every) {
    const auto more = store_->retain(now);
    if (!more || !*more) retained_ = now;
  }
}

void Pipeline::Impl::publish(Timestamp now) {
  publish_now_ = false;
  published_ = now;
  if (!config_) return;
  auto next = std::make_shared<Published>();
  next->at = now;
  next->started = started_;
  next->inputs = seq_;
  tally_.fill(*next, engine_, *config_, router_);
  next->inbox_dropped = inbox_.dropped() + tally_.unsaved_dropped;
  next->inbox_depth = inbox_.depth();
  next->pipeline_lag = lag_;
  next->store = store_->stats();
  if (options_.ingest) next->ingest = options_.ingest->read();
  next->ingest.put_off += tally_.streams_refused;
  if (loop_) next->loop = loop_->stats();
  next->ledgers = ledger_->status();
  {
    const std::lock_guard lock(reload_mutex_);
    next->config_error = reload_problem_;
    next->reloads_failed = reloads_failed_;
  }
  board_.publish(std::move(next));
}

// ---- the handle -----------------------------------------------------------------------------------------------------

Pipeline::Pipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pipeline::~Pipeline() { stop(); }

Result<std::unique_ptr<Pipeline>> Pipeline::create(std::unique_ptr<storage::Store> store, alerts::Delivery& delivery,
                                                   Board& board, Timeline& timeline, const Clock& clock,
                                                   PipelineOptions options) {
  auto restored = store->restore();
  if (!restored) return Error{restored.error()};
  auto impl = std::make_unique<Impl>(std::move(store), delivery, board, timeline, clock, options, *restored);
  const auto done = impl->restore(std::move(*restored));
  if (!done) return Error{done.error()};
  return std::unique_ptr<Pipeline>(new Pipeline(std::move(impl)));
}

void Pipeline::attach(probes::Loop* loop) { impl_->loop_ = loop; }
void Pipeline::start() {
  impl_->thread_ = std::thread([this] { impl_->run(); });
}
void Pipeline::stop() {
  impl_->inbox_.stop();
  if (impl_->thread_.joinable()) impl_->thread_.join();
}
Inbox& Pipeline::inbox() { return impl_->inbox_; }

Result<void> Pipeline::reconfigure(std::shared_ptr<const config::Config> config) {
  auto done = std::make_shared<std::promise<Result<void>>>();
  auto answer = done->get_future();
  impl_->inbox_.push(Reconfigure{std::move(config), std::move(done)});
  auto result = answer.get();
  if (result) {
    const std::lock_guard lock(impl_->reload_mutex_);
    impl_->reload_problem_.clear();
  }
  return result;
}

void Pipeline::count_failed_reload(std::string problem) {
  const std::lock_guard lock(impl_->reload_mutex_);
  impl_->reload_problem_ = std::move(problem);
  ++impl_->reloads_failed_;
}

SteadyTime Pipeline::progress() const { return SteadyTime{SteadyTime::duration{impl_->progress_.load()}}; }

}  // namespace outaged
