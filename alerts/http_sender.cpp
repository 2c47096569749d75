// Sends one notification by libcurl. Blocking for its caller, a delivery worker; inside, a multi handle with the one easy
// handle, because only that can be woken: abort() must not wait for a server that hangs.
#include <curl/curl.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "alerts/delivery.h"
#include "alerts/scrub.h"
#include "core/text.h"

namespace outaged::alerts {
namespace {

constexpr std::size_t body_cap = 4096;
constexpr std::size_t download_cap = 1024 * 1024;  // more is hung up on: nobody answers a notification with that

struct EasyDeleter { void operator()(CURL* handle) const { curl_easy_cleanup(handle); } };
struct MultiDeleter { void operator()(CURLM* handle) const { curl_multi_cleanup(handle); } };
struct ListDeleter { void operator()(curl_slist* list) const { curl_slist_free_all(list); } };

struct Answer {
  std::string body;
  std::size_t received = 0;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  const std::size_t bytes = size * count;
  answer.received += bytes;
  if (answer.received > download_cap) return 0;
  answer.body.append(data, std::min(bytes, body_cap - std::min(answer.body.size(), body_cap)));
  return bytes;
}

/// A line break in a configured value must not become a header of its own.
std::string header_line(const std::string& name, const std::string& value) {
  std::string line = value.empty() ? name + ";" : name + ": " + value;
  for (char& c : line)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return line;
}

class HttpSender : public Sender {
 public:
  explicit HttpSender(config::Egress egress) : egress_(std::move(egress)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi_.reset(curl_multi_init());
  }

  HttpResponse send(const HttpRequest& request, Duration timeout) override {
    HttpResponse response;
    std::unique_ptr<CURL, EasyDeleter> easy(curl_easy_init());
    std::unique_ptr<curl_slist, ListDeleter> headers;
    if (!easy || !multi_) {
      response.error = "out of memory";
      return response;
    }
    Answer answer;
    std::array<char, CURL_ERROR_SIZE> words{};
    for (const auto& [name, value] : request.headers) add(headers, header_line(name, value));
    add(headers, "Expect:");  // a 100-continue only costs a round trip
    prepare(easy.get(), request, timeout);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, words.data());

    curl_multi_add_handle(multi_.get(), easy.get());
    const CURLcode code = perform();
    if (!aborted_) {
      long status = 0;
      curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
      // A status whose body broke off is not an answer to rely on, except that we hung up ourselves.
      if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0)) response.status = static_cast<int>(status);
      else response.error = error_text(code, words.data(), request.url, timeout);
      curl_header* retry_after = nullptr;
      if (curl_easy_header(easy.get(), "Retry-After", 0, CURLH_HEADER, -1, &retry_after) == CURLHE_OK) response.retry_after = retry_after->value;
      response.body = std::move(answer.body);
    } else {
      response.error = "aborted";
    }
    curl_multi_remove_handle(multi_.get(), easy.get());
    return response;
  }

  void abort() override {
    aborted_ = true;
    if (multi_) curl_multi_wakeup(multi_.get());
  }

 private:
  static void add(std::unique_ptr<curl_slist, ListDeleter>& list, const std::string& line) {
    if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
      list.release();
      list.reset(longer);
    }
  }

  void prepare(CURL* easy, const HttpRequest& request, Duration timeout) const {
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<Duration::rep>(timeout.count(), 1)));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    // libcurl silently repeats a request on a reused connection that had died: attempts are counted here, not there.
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    // A name server that does not answer must not hold up the end: leave the resolver's thread behind.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    // An empty string, not null: the environment's proxies are not part of our configuration.
    curl_easy_setopt(easy, CURLOPT_PROXY, egress_.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, egress_.no_proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_USERAGENT, egress_.user_agent.empty() ? "outaged" : egress_.user_agent.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!egress_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, egress_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // the directory costs 20 ms of CPU a handshake, and escapes ca_file
  }

  CURLcode perform() {
    while (!aborted_) {
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running == 0) break;
      curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    return CURLE_ABORTED_BY_CALLBACK;
  }

  static std::string error_text(CURLcode code, const char* words, const std::string& url, Duration timeout) {
    if (code == CURLE_OPERATION_TIMEDOUT) return "no answer within " + spell_duration(timeout);
    // These two quote what they could not read of the URL.
    const bool may_quote = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    const std::string text = *words == '\0' || may_quote ? curl_easy_strerror(code) : words;
    return clean_line(Scrubber(url)(text), 200);
  }

  const config::Egress egress_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::atomic<bool> aborted_{false};
};

}  // namespace

std::unique_ptr<Sender> make_http_sender(const config::Egress& egress) { return std::make_unique<HttpSender>(egress); }

}  // namespace outaged::alerts
