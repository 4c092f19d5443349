#include "sim/api_reader.hpp"

#include <curl/curl.h>

namespace commonwatt {
namespace {

constexpr long timeout_milliseconds = 2000;
constexpr std::size_t body_max = 16U << 20U;

std::size_t take(const char* bytes, std::size_t size, std::size_t count, void* body) {
  auto* text = static_cast<std::string*>(body);
  if (text->size() + size * count > body_max) return 0;
  text->append(bytes, size * count);
  return size * count;
}

}  // namespace

struct ApiReader::Handle {
  CURL* curl = curl_easy_init();
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { curl_easy_cleanup(curl); }
};

ApiReader::ApiReader(std::string base) : base_(std::move(base)), handle_(std::make_unique<Handle>()) {}
ApiReader::~ApiReader() = default;

std::optional<std::string> ApiReader::get(const std::string& path) {
  CURL* curl = handle_->curl;
  const std::string url = base_ + path;
  std::string body;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (curl_easy_perform(curl) != CURLE_OK) return std::nullopt;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status == 200 ? std::optional(std::move(body)) : std::nullopt;
}

}  // namespace commonwatt
