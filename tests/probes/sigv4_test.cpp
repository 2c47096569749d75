// AWS Signature Version 4 against the figures of AWS's own test suite ("aws-sig-v4-test-suite") and documentation.
#include "probes/llm/sigv4.h"

#include <doctest/doctest.h>

#include "core/time.h"

namespace outaged::probes::llm {
namespace {

const Timestamp suite_time = *parse_time("2015-08-30T12:36:00Z");
const AwsKeys suite_keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
const AwsScope suite_scope{"us-east-1", "service"};
using Headers = std::vector<std::pair<std::string, std::string>>;
const Headers suite_headers = {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}};

}  // namespace

TEST_CASE("sigv4: get-vanilla, step by step") {
  const auto signed_ = sign_aws("GET", "https://example.amazonaws.com/", suite_headers, "", suite_keys, suite_scope, suite_time);
  CHECK(signed_.canonical_request ==
        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(signed_.string_to_sign ==
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
  CHECK(signed_.signature == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  CHECK(signed_.authorization ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("sigv4: the suite's other figures") {
  const auto sign = [](const char* method, const std::string& target, Headers more = {}, const char* body = "") {
    Headers headers = suite_headers;
    headers.insert(headers.end(), more.begin(), more.end());
    return sign_aws(method, "https://example.amazonaws.com" + target, headers, body, suite_keys, suite_scope, suite_time).signature;
  };
  CHECK(sign("GET", "/?Param2=value2&Param1=value1") == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  CHECK(sign("POST", "/") == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  CHECK(sign("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, "Param1=value1") ==
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
  // The documentation's example: ListUsers of IAM.
  CHECK(sign_aws("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
                 {{"host", "iam.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"},
                  {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
                 "", suite_keys, {"us-east-1", "iam"}, suite_time)
            .signature == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST_CASE("sigv4: spaces in values count once, names not by case, order not at all") {
  const auto one = sign_aws("GET", "https://example.amazonaws.com/",
                            {{"X-AMZ-DATE", "20150830T123600Z"}, {"My-Header", "  a   b\tc "}, {"Host", "example.amazonaws.com"}}, "",
                            suite_keys, suite_scope, suite_time);
  const auto other = sign_aws("GET", "https://example.amazonaws.com",
                              {{"host", "example.amazonaws.com"}, {"my-header", "a b c"}, {"x-amz-date", "20150830T123600Z"}}, "",
                              suite_keys, suite_scope, suite_time);
  CHECK(one.signature == other.signature);
  CHECK(one.signed_headers == "host;my-header;x-amz-date");
}

TEST_CASE("sigv4: a request to Bedrock, its path encoded twice, its session token signed") {
  Request request;
  request.method = "POST";
  request.url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse";
  request.body = "{}";
  request.headers = {{"content-type", "application/json"}, {"user-agent", "outaged"}};
  AwsKeys keys = suite_keys;
  keys.session_token = "TOKEN";
  sign_request(request, keys, {"us-east-1", "bedrock"}, *parse_time("2026-04-13T14:03:00.999Z"));
  CHECK(request.headers.at(2) == std::pair<std::string, std::string>("x-amz-date", "20260413T140300Z"));
  CHECK(request.headers.at(3) == std::pair<std::string, std::string>("x-amz-security-token", "TOKEN"));
  // The figure comes from an independent implementation.
  CHECK(request.headers.at(4).second ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260413/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        "Signature=ac7b5ab0e1b161785961676fbcc4702fe34087fc60a24bac31c94d5c6dae146b");
}

TEST_CASE("sigv4: the host is signed as it is sent") {
  const auto signature = [](const std::string& url) {
    Request request;
    request.url = url;
    sign_request(request, suite_keys, suite_scope, suite_time);
    return request.headers.back().second;
  };
  CHECK(signature("https://example.amazonaws.com:443/") == signature("https://example.amazonaws.com/"));
  CHECK(signature("https://example.amazonaws.com:8443/") != signature("https://example.amazonaws.com/"));
}

}  // namespace outaged::probes::llm
