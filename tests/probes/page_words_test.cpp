// The small helpers that all page formats share: words, times, markup, feeds.
#include <doctest/doctest.h>

#include "core/text.h"
#include "probes/feed.h"
#include "probes/pages/markup.h"
#include "probes/pages/times.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

std::string time(std::string_view text) {
  const auto at = read_time(text);
  return at ? format_time(*at) : "none";
}

}  // namespace

TEST_CASE("page times: every form that has been met") {
  CHECK(time("2031-05-06T12:00:00Z") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06T05:00:00.123456789-07:00") == "2031-05-06T12:00:00.123Z");
  CHECK(time(" 2031-05-06T12:00:00 ") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06T14:00:00+0200") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06 12:00:00") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06 12:00:00.689") == "2031-05-06T12:00:00.689Z");
  CHECK(time("2031-05-06 12:00") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06 12:00:00 +0000 UTC") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06 14:00:00 +0200 +0200") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06 15:00 EEST") == "2031-05-06T12:00:00Z");
  CHECK(time("2031-05-06") == "2031-05-06T00:00:00Z");
  CHECK(time("Tue, 06 May 2031 12:00:00 GMT") == "2031-05-06T12:00:00Z");
  CHECK(time("Tue, 06 May 2031 12:00:00 Z") == "2031-05-06T12:00:00Z");
  CHECK(time("Tue, 06 May 2031 12:00:00 -0000") == "2031-05-06T12:00:00Z");
  CHECK(time("Tue, 06 May 2031 05:00:00 PDT") == "2031-05-06T12:00:00Z");
  CHECK(time("Mon, 06 Jan 2031 04:00:00 PST") == "2031-01-06T12:00:00Z");
  CHECK(time("06 May 31 12:00 UT") == "2031-05-06T12:00:00Z");
  CHECK(time("Fri, 06 May 2031 14:00:00 +0200") == "2031-05-06T12:00:00Z");  // not a Friday
  CHECK(time("Tue May 06 2031 14:00:00 GMT+0200 (Central European Summer Time)") == "2031-05-06T12:00:00Z");
  CHECK(time("May 06, 2031 @ 12:00PM +00:00") == "2031-05-06T12:00:00Z");
  CHECK(time("May 06, 2031 @ 12:05AM +00:00") == "2031-05-06T00:05:00Z");
  CHECK(time("February 09, 2031 @ 06:08PM +00:00") == "2031-02-09T18:08:00Z");
  CHECK(time("May 6, 2031, 23:38") == "2031-05-06T23:38:00Z");
  CHECK(time("05/06/2031 12:00 PDT") == "none");
  CHECK(time("1935921600") == time("1935921600000"));
  CHECK(epoch_time(1935921600) == read_time("1935921600"));
}

TEST_CASE("page times: what is no time is none, never now and never 1970") {
  for (const char* text : {"",
                           " ",
                           "<no value>",
                           "yesterday",
                           "null",
                           "...",
                           "2031-13-01T00:00:00Z",
                           "2031-02-30",
                           "0",
                           "12",
                           "12:00",
                           "2031-05-06 25:00:00",
                           "2031-05-06 12:00:00 MARS",
                           "Tue, 06 Xyz 2031 12:00:00 GMT",
                           "13:00PM",
                           "::",
                           "2031-05-06 12:61:00",
                           "99999999999999999999",
                           "+0200",
                           "May",
                           "1e9",
                           "2031-05-06 -1:00:00"}) {
    CAPTURE(text);
    CHECK(time(text) == "none");
  }
  CHECK(time(std::string(10'000, '1')) == "none");
  CHECK_FALSE(epoch_time(0));
  CHECK_FALSE(epoch_time(-5));
  CHECK_FALSE(epoch_time(1e300));
  CHECK_FALSE(epoch_time(std::stod("nan")));
}

TEST_CASE("page times: a moment without its year is the last one not after what is known") {
  const Timestamp latest = *parse_time("2031-01-02T12:00:00Z");
  CHECK(format_time(*time_before("Jan 2", "03:54", "UTC", latest)) == "2031-01-02T03:54:00Z");
  CHECK(format_time(*time_before("Dec 30", "03:54", "UTC", latest)) == "2030-12-30T03:54:00Z");
  CHECK(format_time(*time_before("Dec 30", "19:54", "PST", latest)) == "2030-12-31T03:54:00Z");
  CHECK(format_time(*time_before("Feb 29", "03:54", "UTC", latest)) == "2028-02-29T03:54:00Z");
  CHECK(format_time(*time_before("Jan 1 , 2029", "3:54 pm", "UTC", latest)) == "2029-01-01T15:54:00Z");
  CHECK_FALSE(time_before("Jan 2", "03:54", "MARS", latest));
  CHECK_FALSE(time_before("", "", "UTC", latest));
  CHECK_FALSE(time_before("Feb 31", "03:54", "UTC", latest));
}

TEST_CASE("page words: stages in any spelling, and in a few languages") {
  CHECK(stage_of("Investigating") == Stage::open);
  CHECK(stage_of("MONITORING") == Stage::monitoring);
  CHECK(stage_of("watching") == Stage::monitoring);
  CHECK(stage_of("Gelöst") == Stage::resolved);
  CHECK(stage_of("Überwachung") == Stage::monitoring);
  CHECK(stage_of("Résolu") == Stage::resolved);
  CHECK(stage_of("in_progress") == Stage::in_progress);
  CHECK(stage_of("maintenance_scheduled") == Stage::scheduled);
  CHECK(stage_of("NOTSTARTEDYET") == Stage::scheduled);
  CHECK(stage_of(" resolved ") == Stage::resolved);
  for (const char* word : {"", "update", "resolvedly", "unresolved", "becalmed", "resolved resolved"})
    CHECK(stage_of(word) == Stage::none);
  CHECK(status_of("Full_Outage") == Status::major_outage);
  CHECK(status_of("DEGRADEDPERFORMANCE") == Status::degraded_performance);
  CHECK_FALSE(status_of("becalmed"));
  CHECK_FALSE(status_of(""));
}

TEST_CASE("page words: prose says that it is over only where it does") {
  for (const char* text :
       {"This issue has been resolved.", "This incident is now resolved", "The problem was fixed at noon.",
        "Resolved. All is well", "The service is operating normally.", "Das Problem wurde behoben.",
        "Errors were seen. This is resolved.", "L'incident est résolu"})
    CHECK_MESSAGE(says_resolved(text, false), text);
  for (const char* text :
       {"We are investigating.", "This has not been resolved.", "This issue is not yet resolved",
        "We expect this to be resolved soon", "An update follows once this is resolved", "It will be resolved by noon",
        "until it is fixed", "We have completed our analysis of the cause", "It is unresolved",
        "Das Problem ist noch nicht behoben", "We're working to get this fixed", "The fix is being deployed", "",
        "This isn't resolved"})
    CHECK_MESSAGE(!says_resolved(text, false), text);
  for (const char* text : {"Fog - Issue Resolved", "[RESOLVED] Fog", "Nebel behoben", "Maintenance complete"})
    CHECK_MESSAGE(says_resolved(text, true), text);
  for (const char* text : {"Fog", "Fog not resolved", "Unresolved fog", "Fog will be fixed"})
    CHECK_MESSAGE(!says_resolved(text, true), text);
  CHECK(says_maintenance("Geplante Wartungsarbeiten"));
  CHECK(says_maintenance("Scheduled Maintenance"));
  CHECK_FALSE(says_maintenance("Fog"));
}

TEST_CASE("page markup: HTML becomes one line of text") {
  CHECK(html_text("<p>Ships &amp; boats<br/>are <b>late</b>.</p>") == "Ships & boats are late.");
  CHECK(html_text("a&amp;nbsp;b &#8211; &#x2014; &unknown; &") == "a b – — &unknown; &");
  CHECK(html_text("slower < 100 ms <!-- hidden <b> --> and > 5") == "slower < 100 ms and > 5");
  CHECK(html_text("<ul><li>one</li><li>two</li></ul>") == "one two");
  CHECK(html_text("in<var>line</var>") == "inline");
  CHECK(html_text("<<<<") == "<<<<");
  CHECK(html_text("&#0;&#xD800;&#99999999;").find('\0') == std::string::npos);
  CHECK(html_text("\x1b[31mred\x07").find('\x1b') == std::string::npos);
  CHECK(html_text(std::string(100'000, 'x'), 100).size() <= 103);
}

TEST_CASE("page markup: UTF-16 in both orders, surrogates, and what only looks like it") {
  CHECK(to_utf8(std::string("\xFE\xFF\x00[\x20\xAC\x00]", 8)) == "[€]");
  CHECK(to_utf8(std::string("\xFF\xFE[\0\xAC\x20]\0", 8)) == "[€]");
  CHECK(to_utf8(std::string("\xFE\xFF\xD8\x3D\xDE\x00", 6)) == "😀");
  CHECK(to_utf8(std::string("\xFE\xFF\xD8\x3D", 4)) == "\xEF\xBF\xBD");
  CHECK(to_utf8(std::string("\xFE\xFF\x00", 3)).empty());
  CHECK(to_utf8("\xEF\xBB\xBF{}") == "{}");
  CHECK(to_utf8("{}") == "{}");
  CHECK(to_utf8("").empty());
}

TEST_CASE("feed: RSS and Atom in their variants") {
  const auto rss = parse_feed(
      "\n<rss><channel><title> A &amp; B </title><atom:link "
      "href='x'/><link>https://a.example</link><lastBuildDate>now</lastBuildDate>"
      "<item><guid>1</guid><title><![CDATA[x]]></title><pubDate>d</pubDate><description>short</description>"
      "<content:encoded>long</content:encoded><category>c</category><dc:date>z</dc:date></item></channel></rss>");
  REQUIRE(rss);
  CHECK(rss->kind == Feed::Kind::rss);
  CHECK(rss->title == "A & B");
  CHECK(rss->link == "https://a.example");
  CHECK(rss->updated == "now");
  REQUIRE(rss->items.size() == 1);
  CHECK(rss->items[0].content == "long");
  CHECK(rss->items[0].summary == "short");
  CHECK(rss->items[0].published == "d");
  CHECK(rss->items[0].categories == std::vector<std::string>{"c"});
  const auto atom = parse_feed(
      "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:title>T</a:title><a:entry><a:id>1</a:id><a:title>x</a:title>"
      "<a:link rel='self' href='https://s'/><a:link href='https://l'/><a:content "
      "type='xhtml'><div>a<b>c</b></div></a:content>"
      "<a:category term='t'/></a:entry></a:feed>");
  REQUIRE(atom);
  CHECK(atom->kind == Feed::Kind::atom);
  REQUIRE(atom->items.size() == 1);
  CHECK(atom->items[0].link == "https://l");
  CHECK(atom->items[0].content == "<div>a<b>c</b></div>");
  CHECK(atom->items[0].categories == std::vector<std::string>{"t"});
  const auto rdf = parse_feed("<rdf:RDF><channel><title>T</title></channel><item><title>x</title></item></rdf:RDF>");
  REQUIRE(rdf);
  CHECK(rdf->items.size() == 1);
  CHECK(parse_feed("<rss><channel><title>T</title><item/><item/><item/></channel></rss>", 2)->items.size() == 2);
}

TEST_CASE("feed: what is none says why") {
  const auto why = [](const std::string& text) {
    const auto feed = parse_feed(text);
    return feed ? "a feed" : feed.error();
  };
  CHECK(why("").find("empty") != std::string::npos);
  CHECK(why("<Error><Code>AccessDenied</Code></Error>").find("<Error>") != std::string::npos);
  CHECK(why("<html><body/></html>").find("HTML") != std::string::npos);
  CHECK(why("<rss><channel></channel></rss>").find("without its title") != std::string::npos);
  CHECK(why("<rss></rss>").find("without its channel") != std::string::npos);
  CHECK(why("<rss><channel><title>x</ti").find("not XML") != std::string::npos);
  CHECK(why("{}").find("not XML") != std::string::npos);
  // Entities of a document's own are not expanded.
  const auto bomb = parse_feed(
      "<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b "
      "'&a;&a;&a;&a;'>]><rss><channel><title>&b;</title></channel></rss>");
  REQUIRE(bomb);
  CHECK(bomb->title == "&b;");
}

}  // namespace outaged::probes
