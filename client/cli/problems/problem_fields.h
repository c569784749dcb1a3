// The fields of a problem as flags and as columns of a CSV file: what they are called, and how a
// text sets them. One table of them a kind of problem.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/parse.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright::cli {

// Texts as given, by field name ("m", "a_type", "bias"); unset fields are absent.
using ProblemFields = std::map<std::string, std::string, std::less<>>;

template <typename Problem>
struct ProblemField {
  std::string name;
  std::string help;
  const char* value_name = "";  // Empty: a switch.
  bool required = false;
  std::function<absl::Status(const std::string& field, const std::string& text, Problem& problem)>
      set;
};

template <typename Problem>
struct FieldGroup {
  std::string title;
  std::vector<ProblemField<Problem>> fields;
};

template <typename Problem>
ProblemField<Problem> IntegerField(const char* name, const char* help,
                                   void (Problem::*set)(int64_t)) {
  return {name, help, "N", false,
          [set](const std::string& field, const std::string& text, Problem& problem) {
            ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
            (problem.*set)(value);
            return absl::OkStatus();
          }};
}

template <typename Problem>
ProblemField<Problem> NumberField(const char* name, const char* help, const char* value_name,
                                  std::function<void(Problem&, double)> set) {
  return {name, help, value_name, false,
          [set](const std::string& field, const std::string& text, Problem& problem) {
            ASSIGN_OR_RETURN(const double value, ParseNumber(field, text));
            set(problem, value);
            return absl::OkStatus();
          }};
}

// Of a field of 32 bits, where no small number is right: what does not fit becomes -1.
template <typename Problem>
ProblemField<Problem> SmallIntegerField(const char* name, const char* help,
                                        std::function<void(Problem&, int32_t)> set) {
  return {name, help, "N", false,
          [set](const std::string& field, const std::string& text, Problem& problem) {
            ASSIGN_OR_RETURN(const int64_t value, ParseInteger(field, text));
            const bool fits = value >= 0 && value <= std::numeric_limits<int32_t>::max();
            set(problem, fits ? static_cast<int32_t>(value) : -1);
            return absl::OkStatus();
          }};
}

template <typename Enum, typename Problem>
ProblemField<Problem> NameField(const char* name, const char* help,
                                std::function<void(Problem&, Enum)> set) {
  return {
      name, absl::StrCat(help, ": ", EnumNameList(*google::protobuf::GetEnumDescriptor<Enum>())),
      "NAME", false, [set](const std::string& field, const std::string& text, Problem& problem) {
        ASSIGN_OR_RETURN(const Enum value, ParseName<Enum>(field, text));
        set(problem, value);
        return absl::OkStatus();
      }};
}

template <typename Problem>
ProblemField<Problem> SwitchField(const char* name, const char* help,
                                  std::function<void(Problem&, bool)> set) {
  return {name, help, "", false,
          [set](const std::string& field, const std::string& text, Problem& problem) {
            if (text != "true" && text != "false") {
              return InvalidField(field, "INVALID_SWITCH",
                                  absl::StrCat("must be true or false, was '", text, "'"));
            }
            set(problem, text == "true");
            return absl::OkStatus();
          }};
}

template <typename Problem>
ProblemField<Problem> Required(ProblemField<Problem> field) {
  field.required = true;
  return field;
}

template <typename Problem>
const ProblemField<Problem>* FindField(const std::vector<FieldGroup<Problem>>& groups,
                                       std::string_view name) {
  for (const FieldGroup<Problem>& group : groups) {
    for (const ProblemField<Problem>& field : group.fields) {
      if (field.name == name) return &field;
    }
  }
  return nullptr;
}

template <typename Problem>
std::string FieldList(const std::vector<FieldGroup<Problem>>& groups) {
  std::vector<std::string> names;
  for (const FieldGroup<Problem>& group : groups) {
    for (const ProblemField<Problem>& field : group.fields) names.push_back(field.name);
  }
  return absl::StrJoin(names, ", ");
}

// Adds "--m", "--a-type", ... to `app`; what is given lands in `fields`, which must outlive it.
template <typename Problem>
void AddFlags(const std::vector<FieldGroup<Problem>>& groups, CLI::App& app,
              ProblemFields& fields) {
  for (const FieldGroup<Problem>& group : groups) {
    for (const ProblemField<Problem>& field : group.fields) {
      const std::string flag = absl::StrCat("--", absl::StrReplaceAll(field.name, {{"_", "-"}}));
      const auto keep = [&fields, name = field.name](const std::string& text) {
        fields[name] = text;
      };
      CLI::Option* option = *field.value_name == '\0'
                                ? app.add_flag_callback(
                                      flag, [keep] { keep("true"); }, field.help)
                                : app.add_option_function<std::string>(flag, keep, field.help)
                                      ->type_name(field.value_name);
      option->group(group.title);
      if (field.required) option->required();
    }
  }
}

// The problem that `fields` describe; `kind` begins the paths in errors: "gemm".
template <typename Problem>
absl::StatusOr<Problem> ParseFields(const std::vector<FieldGroup<Problem>>& groups,
                                    std::string_view kind, const ProblemFields& fields) {
  Problem problem;
  for (const auto& [name, text] : fields) {
    const std::string path = absl::StrCat(std::string(kind), ".", name);
    const ProblemField<Problem>* field = FindField(groups, name);
    if (field == nullptr) {
      return InvalidField(path, "UNKNOWN_NAME",
                          absl::StrCat("no such field; there are ", FieldList(groups)));
    }
    RETURN_IF_ERROR(field->set(path, text, problem));
  }
  return problem;
}

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_
