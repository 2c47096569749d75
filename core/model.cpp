#include "core/model.h"

#include "core/names.h"

namespace outaged {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::unknown: return "unknown";
    case Status::operational: return "operational";
    case Status::under_maintenance: return "under_maintenance";
    case Status::degraded_performance: return "degraded_performance";
    case Status::partial_outage: return "partial_outage";
    case Status::major_outage: return "major_outage";
  }
  return "unknown";
}

std::optional<Status> status_from_string(std::string_view name) { return from_name(name, Status::major_outage); }

std::string_view spell(Status status) {
  switch (status) {
    case Status::unknown: return "unknown";
    case Status::operational: return "operational";
    case Status::under_maintenance: return "under maintenance";
    case Status::degraded_performance: return "degraded performance";
    case Status::partial_outage: return "partial outage";
    case Status::major_outage: return "major outage";
  }
  return "unknown";
}

int level(Status status) {
  switch (status) {
    case Status::unknown:
    case Status::operational:
    case Status::under_maintenance: return 0;
    case Status::degraded_performance: return 1;
    case Status::partial_outage: return 2;
    case Status::major_outage: return 3;
  }
  return 0;
}

std::string_view to_string(Agreement agreement) {
  switch (agreement) {
    case Agreement::blind: return "blind";
    case Agreement::agrees: return "agrees";
    case Agreement::pending: return "pending";
    case Agreement::page_silent: return "page_silent";
    case Agreement::page_too_early: return "page_too_early";
    case Agreement::page_understates: return "page_understates";
    case Agreement::page_overstates: return "page_overstates";
    case Agreement::page_only: return "page_only";
    case Agreement::page_unreadable: return "page_unreadable";
    case Agreement::no_page: return "no_page";
  }
  return "blind";
}

std::optional<Agreement> agreement_from_string(std::string_view name) {
  return from_name(name, Agreement::no_page);
}

bool is_mismatch(Agreement agreement) {
  switch (agreement) {
    case Agreement::page_silent:
    case Agreement::page_too_early:
    case Agreement::page_understates:
    case Agreement::page_overstates: return true;
    case Agreement::blind:
    case Agreement::agrees:
    case Agreement::pending:
    case Agreement::page_only:
    case Agreement::page_unreadable:
    case Agreement::no_page: return false;
  }
  return false;
}

std::string_view to_string(Importance importance) {
  switch (importance) {
    case Importance::page: return "page";
    case Importance::notify: return "notify";
    case Importance::record: return "record";
  }
  return "notify";
}

std::optional<Importance> importance_from_string(std::string_view name) { return from_name(name, Importance::record); }

std::string_view to_string(Disposition disposition) {
  switch (disposition) {
    case Disposition::good: return "good";
    case Disposition::bad: return "bad";
    case Disposition::void_class: return "void_class";
    case Disposition::void_refractory: return "void_refractory";
    case Disposition::void_controls: return "void_controls";
    case Disposition::void_unproven: return "void_unproven";
    case Disposition::void_uncorroborated: return "void_uncorroborated";
    case Disposition::control: return "control";
    case Disposition::ignored: return "ignored";
  }
  return "ignored";
}

}  // namespace outaged
