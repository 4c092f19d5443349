#include "meter/profile_section.hpp"

#include <cmath>

namespace commonwatt {

std::string listed(Names names) {
  std::string text;
  for (const char* name : names) {
    if (*name != '\0') text += (text.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  return text;
}

std::optional<double> number_of(const toml::node* node) {
  if (node == nullptr || !(node->is_integer() || node->is_floating_point())) return std::nullopt;
  const std::optional<double> value = node->value<double>();
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string Section::text(const char* key, const char* otherwise) {
  const toml::node* const node = get(key);
  if (node == nullptr && otherwise != nullptr) return otherwise;
  const auto value = node == nullptr ? std::nullopt : node->value_exact<std::string>();
  if (!value) fault(key, node == nullptr ? "is missing; a text is needed" : "must be a text in quotes");
  return value.value_or("");
}

std::int64_t Section::integer(const char* key, Bounds bounds, std::optional<std::int64_t> otherwise) {
  const toml::node* const node = get(key);
  if (node == nullptr && otherwise) return *otherwise;
  const auto value = node == nullptr ? std::nullopt : node->value_exact<std::int64_t>();
  if (value && *value >= bounds.low && *value <= bounds.high) return *value;
  const std::string wanted = "a whole number from " + std::to_string(bounds.low) + " to " + std::to_string(bounds.high);
  fault(key, node == nullptr ? "is missing; " + wanted + " is needed" : "must be " + wanted);
  return bounds.low;
}

std::optional<std::uint8_t> Section::unit_id(const char* key) {
  if (get(key) == nullptr) return std::nullopt;
  return static_cast<std::uint8_t>(integer(key, {0, 255}));
}

bool Section::boolean(const char* key) {
  const toml::node* const node = get(key);
  const auto value = node == nullptr ? std::optional(false) : node->value_exact<bool>();
  if (!value) fault(key, "must be true or false");
  return value.value_or(false);
}

std::optional<double> Section::number(const char* key) {
  const toml::node* const node = get(key);
  const std::optional<double> value = number_of(node);
  if (node != nullptr && !value) fault(key, "must be a number");
  return value;
}

std::optional<ValueRange> Section::range(const char* key) {
  const toml::node* const node = get(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* const ends = node->as_array();
  if (ends != nullptr && ends->size() == 2) {
    const std::optional<double> low = number_of(ends->get(0));
    const std::optional<double> high = number_of(ends->get(1));
    if (low && high && *low <= *high) return ValueRange{*low, *high};
  }
  fault(key, "must be two numbers, [lowest, highest]");
  return std::nullopt;
}

std::optional<MeasuredQuantity> Section::quantity(const char* key, const toml::node* node) {
  const auto name = node == nullptr ? std::nullopt : node->value_exact<std::string>();
  if (!name) {
    fault(key, "must name a quantity, as \"energy_import\" or \"battery:soc\"");
    return std::nullopt;
  }
  const std::optional<MeasuredQuantity> found = quantity_from_text(*name);
  if (!found) {
    fault(key,
          "'" + *name + "' is no quantity; they are named as \"energy_import\", \"active_power_l1\", \"battery:soc\"");
  }
  return found;
}

std::vector<const toml::node*> Section::list(const char* key) {
  std::vector<const toml::node*> items;
  const toml::node* const node = get(key);
  if (node == nullptr) return items;
  const toml::array* const array = node->as_array();
  if (array == nullptr) {
    fault(key, "must be a list, [ ... ]");
    return items;
  }
  for (const toml::node& item : *array) items.push_back(&item);
  return items;
}

std::vector<std::string> Section::texts(const char* key) {
  std::vector<std::string> texts;
  for (const toml::node* item : list(key)) {
    const auto value = item->value_exact<std::string>();
    if (!value) fault(key, "must be a list of texts in quotes");
    texts.push_back(value.value_or(""));
  }
  return texts;
}

std::vector<std::int64_t> Section::integers(const char* key, Bounds bounds) {
  std::vector<std::int64_t> numbers;
  for (const toml::node* item : list(key)) {
    const auto value = item->value_exact<std::int64_t>();
    if (value && *value >= bounds.low && *value <= bounds.high) {
      numbers.push_back(*value);
    } else {
      fault(key, "must be a list of whole numbers from " + std::to_string(bounds.low) + " to " +
                     std::to_string(bounds.high));
    }
  }
  return numbers;
}

std::vector<Section> Section::sections(const char* key) {
  std::vector<Section> sections;
  for (const toml::node* item : list(key)) {
    if (item->is_table()) {
      sections.emplace_back(*faults_, *item->as_table(), prefix_ + key + ".");
    } else {
      fault(key, "must hold tables, { ... }");
    }
  }
  return sections;
}

std::optional<Section> Section::section(const char* key) {
  const toml::node* const node = get(key);
  if (node == nullptr) return std::nullopt;
  if (node->is_table()) return Section(*faults_, *node->as_table(), prefix_ + key + ".");
  fault(key, "must be a table");
  return std::nullopt;
}

const toml::table& Section::table(const char* key) {
  static const toml::table none;
  const toml::node* const node = get(key);
  if (node != nullptr && node->is_table()) return *node->as_table();
  fault(key, "must be a table, { ... }");
  return none;
}

std::vector<ProfileTest::Expectation> Section::expectations(const char* key) {
  std::vector<ProfileTest::Expectation> expectations;
  for (const auto& [name, value] : table(key)) {
    const std::optional<MeasuredQuantity> quantity = quantity_from_text(name.str());
    const std::optional<double> number = number_of(&value);
    if (quantity && (number || value.value_exact<std::string>() == "missing")) {
      expectations.push_back({*quantity, number, static_cast<int>(value.source().begin.line)});
    } else {
      faults_->note(value.source(), prefix_ + key + "." + std::string(name.str()) +
                                        ": must be a quantity = a number in its unit, or \"missing\"");
    }
  }
  return expectations;
}

void Section::finish() {
  std::string known;
  for (const std::string& name : asked_) known += (known.empty() ? "" : ", ") + name;
  for (const auto& [key, value] : *table_) {
    if (asked_.contains(key.str())) continue;
    faults_->note(key.source(), "unknown key '" + prefix_ + std::string(key.str()) + "'; known here: " + known);
  }
}

}  // namespace commonwatt
