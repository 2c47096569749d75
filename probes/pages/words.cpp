#include "probes/pages/words.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"

namespace outaged::probes {
namespace {

struct StageWord {
  std::string_view word;
  Stage stage;
};
// Statuspage, incident.io, Instatus, Better Stack, Cachet, Status.io, ilert, Sorry, Hund (which translates its own),
// Slack, Datadog, Apple.
constexpr StageWord stages[] = {
    {"investigating", Stage::open},
    {"identified", Stage::open},
    {"open", Stage::open},
    {"opened", Stage::open},
    {"active", Stage::open},
    {"ongoing", Stage::open},
    {"acknowledged", Stage::open},
    {"initial notification", Stage::open},
    {"reported", Stage::open},
    {"untersuchung", Stage::open},
    {"wird untersucht", Stage::open},
    {"identifiziert", Stage::open},
    {"enquête en cours", Stage::open},
    {"identifié", Stage::open},
    {"investigando", Stage::open},
    {"identificado", Stage::open},
    {"monitoring", Stage::monitoring},
    {"watching", Stage::monitoring},
    {"watched", Stage::monitoring},
    {"recovering", Stage::monitoring},
    {"überwachung", Stage::monitoring},
    {"beobachtung", Stage::monitoring},
    {"surveillance", Stage::monitoring},
    {"monitoreando", Stage::monitoring},
    {"resolved", Stage::resolved},
    {"closed", Stage::resolved},
    {"fixed", Stage::resolved},
    {"completed", Stage::resolved},
    {"complete", Stage::resolved},
    {"ended", Stage::resolved},
    {"recovered", Stage::resolved},
    {"postmortem", Stage::resolved},
    {"retrospective", Stage::resolved},
    {"false alarm", Stage::resolved},
    {"falsealarm", Stage::resolved},
    {"cancelled", Stage::resolved},
    {"canceled", Stage::resolved},
    {"gelöst", Stage::resolved},
    {"behoben", Stage::resolved},
    {"beendet", Stage::resolved},
    {"abgeschlossen", Stage::resolved},
    {"erledigt", Stage::resolved},
    {"résolu", Stage::resolved},
    {"terminé", Stage::resolved},
    {"resuelto", Stage::resolved},
    {"finalizado", Stage::resolved},
    {"resolvido", Stage::resolved},
    {"risolto", Stage::resolved},
    {"opgelost", Stage::resolved},
    {"scheduled", Stage::scheduled},
    {"maintenance scheduled", Stage::scheduled},
    {"planned", Stage::scheduled},
    {"upcoming", Stage::scheduled},
    {"notstartedyet", Stage::scheduled},
    {"not started yet", Stage::scheduled},
    {"pending", Stage::scheduled},
    {"geplant", Stage::scheduled},
    {"planifié", Stage::scheduled},
    {"programado", Stage::scheduled},
    {"in progress", Stage::in_progress},
    {"inprogress", Stage::in_progress},
    {"maintenance in progress", Stage::in_progress},
    {"underway", Stage::in_progress},
    {"under way", Stage::in_progress},
    {"verifying", Stage::in_progress},
    {"in bearbeitung", Stage::in_progress},
    {"läuft", Stage::in_progress},
    {"en cours", Stage::in_progress},
    {"en curso", Stage::in_progress},
    {"maintenance complete", Stage::completed},
    {"maintenance completed", Stage::completed},
    {"information", Stage::information},
    {"informational", Stage::information},
    {"announcement", Stage::information},
    {"ankündigung", Stage::information},
};

struct StatusWord {
  std::string_view word;
  Status status;
};
constexpr StatusWord statuses[] = {
    {"operational", Status::operational},
    {"degraded performance", Status::degraded_performance},
    {"degraded", Status::degraded_performance},
    {"degradedperformance", Status::degraded_performance},
    {"partial outage", Status::partial_outage},
    {"partialoutage", Status::partial_outage},
    {"minoroutage", Status::partial_outage},
    {"minor outage", Status::partial_outage},
    {"major outage", Status::major_outage},
    {"majoroutage", Status::major_outage},
    {"full outage", Status::major_outage},
    {"under maintenance", Status::under_maintenance},
    {"undermaintenance", Status::under_maintenance},
    {"maintenance", Status::under_maintenance},
    {"maintenance in progress", Status::under_maintenance},
};

/// "Partial_Outage" and "partial-outage" as "partial outage"; without white space around.
std::string plain(std::string_view word) {
  const auto from = word.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  word = word.substr(from, word.find_last_not_of(" \t\r\n") - from + 1);
  if (word.size() > 60) return {};
  std::string out = lower_ascii(word);
  std::replace(out.begin(), out.end(), '_', ' ');
  std::replace(out.begin(), out.end(), '-', ' ');
  // The only capital umlauts and accents that begin a word of the table.
  for (const auto& [upper, small] : {std::pair{"Ü", "ü"}, {"É", "é"}})
    if (out.starts_with(upper)) out.replace(0, std::string_view(upper).size(), small);
  return out;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

/// At `at` as whole words.
bool whole(std::string_view text, std::size_t at, std::size_t length) {
  return (at == 0 || !is_letter(text[at - 1])) && (at + length >= text.size() || !is_letter(text[at + length]));
}

}  // namespace

Stage stage_of(std::string_view word) {
  const std::string wanted = plain(word);
  for (const StageWord& each : stages)
    if (each.word == wanted) return each.stage;
  return Stage::none;
}

std::optional<Status> status_of(std::string_view word) {
  const std::string wanted = plain(word);
  for (const StatusWord& each : statuses)
    if (each.word == wanted) return each.status;
  return std::nullopt;
}

bool says_resolved(std::string_view prose, bool title) {
  const std::string text = lower_ascii(prose.substr(0, 4000));
  constexpr std::array over{
      "resolved", "fixed",    "operating normally", "behoben", "gelöst",    "beendet",  "résolu", "résolue",
      "resuelto", "resuelta", "opgelost",           "risolto", "completed", "complete", "closed", "abgeschlossen",
      "ended"};
  constexpr std::size_t only_in_titles = 5;  // "we have completed our analysis" ends nothing
  // Prose tells of a fix to come in the same words: "will be resolved", "until it is fixed", "noch nicht behoben".
  constexpr std::array negations{"not",   "n't",    "will",   "until",  "once",   "when",    "if",
                                 "nicht", "wird",   "sobald", "expect", "yet",    "being",   "partially",
                                 "to be", "before", "pas",    "try",    "trying", "working", "hope"};
  constexpr std::array verbs{"is",    "are", "was",   "were",     "been",    "be",      "now",
                             "fully", "ist", "sind",  "wurde",    "wurden",  "est",     "été",
                             "sido",  "has", "issue", "incident", "problem", "störung", "completely"};
  const std::size_t words = title ? over.size() : over.size() - only_in_titles;
  for (std::size_t i = 0; i < words; ++i) {
    const std::string_view word = over[i];
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      if (!whole(text, at, word.size())) continue;
      const auto boundary = at == 0 ? std::string::npos : text.find_last_of(".!?;\n", at - 1);
      const std::size_t from = boundary == std::string::npos ? 0 : boundary + 1;
      const std::string_view head = std::string_view(text).substr(from, at - from);
      const auto has = [&](std::string_view each) {
        for (auto found = head.find(each); found != std::string_view::npos; found = head.find(each, found + 1))
          if (each == "n't" || whole(head, found, each.size())) return true;
        return false;
      };
      if (std::any_of(negations.begin(), negations.end(), has)) continue;
      const auto last = head.find_last_not_of(" \t\r");
      if (title || last == std::string_view::npos) return true;
      const auto space = head.find_last_of(" \t\r", last);
      const std::size_t begin = space == std::string_view::npos ? 0 : space + 1;
      const std::string_view before = head.substr(begin, last + 1 - begin);
      if (std::find(verbs.begin(), verbs.end(), before) != verbs.end()) return true;
    }
  }
  return false;
}

bool says_maintenance(std::string_view prose) {
  const std::string text = lower_ascii(prose.substr(0, 1000));
  for (const std::string_view word : {"maintenance", "wartung", "planned work", "mantenimiento", "onderhoud"})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

}  // namespace outaged::probes
