#pragma once

#include "core/battery_fields.hpp"
#include "runtime/text.hpp"

#include <doctest/doctest.h>

#include <optional>

template <class Unit>
struct doctest::StringMaker<vbat::Quantity<Unit>> {
    static doctest::String convert(vbat::Quantity<Unit> quantity) { return vbat::text(quantity.value).c_str(); }
};

template <class T>
struct doctest::StringMaker<std::optional<T>> {
    static doctest::String convert(const std::optional<T>& maybe) {
        return maybe ? doctest::StringMaker<T>::convert(*maybe) : "absent";
    }
};

template <>
struct doctest::StringMaker<vbat::Value> {
    static doctest::String convert(const vbat::Value& value) {
        if (const auto* number = std::get_if<double>(&value)) return vbat::text("double ", *number).c_str();
        if (const auto* whole = std::get_if<std::int32_t>(&value)) return vbat::text("int32 ", *whole).c_str();
        if (const auto* words = std::get_if<std::string>(&value)) return vbat::text("text ", *words).c_str();
        return "invalid";
    }
};
