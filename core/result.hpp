// The outcome of anything that can be refused: a value, or the reason it is not there.
#pragma once

#include <cassert>
#include <utility>
#include <variant>

namespace commonwatt {

/// Marks a failure on its way out of a function: `return Fail{OrderReject::gate_closed};`.
template <class E>
struct Fail {
  E error;
};
template <class E>
Fail(E) -> Fail<E>;

/// The value of a success that carries nothing.
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};

/// Either a value or an error. Reading the one that is not there is a bug and stops the program.
template <class T, class E>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function returns its value or its Fail as they are.
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : outcome_(std::in_place_index<0>, std::move(value)) {}
  template <class F>
  Result(Fail<F> fail) : outcome_(std::in_place_index<1>, std::move(fail.error)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return outcome_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&outcome_);
  }
  T& value() & {
    assert(ok());
    return *std::get_if<0>(&outcome_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&outcome_));
  }
  const E& error() const {
    assert(!ok());
    return *std::get_if<1>(&outcome_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, E> outcome_;
};

}  // namespace commonwatt
