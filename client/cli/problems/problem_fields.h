// The fields of a problem as flags and as columns of a CSV file: their names, and how a text sets
// them. Each kind of problem has one table of fields.
#ifndef TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_
#define TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/problems/enum_names.h"
#include "client/cli/problems/parse.h"
#include "client/cli/problems/typed_words.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright::cli {

// The given texts by field name ("m", "a_type", "bias"). Unset fields are absent.
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

// Makes a field of 32 bits that has no valid negative value. A number that does not fit becomes -1.
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

// A kind of problem as people name it: the subcommand with its flags, and the columns of a file.
// Static lifetime.
class ProblemKind {
 public:
  virtual ~ProblemKind() = default;

  virtual const char* command() const = 0;  // "dropout"
  virtual const char* help() const = 0;
  // The beginning of paths in errors: "fused_dropout".
  virtual const char* name() const = 0;

  virtual bool HasField(std::string_view field) const = 0;
  // "m, n, k, batch".
  virtual std::string FieldList() const = 0;
  // In the order of the table.
  virtual std::vector<std::string> RequiredFields() const = 0;

  // Adds "--m", "--a-type", ... to `app`. Their values go to `fields`, which must outlive `app`.
  virtual void AddFlags(CLI::App& app, ProblemFields& fields) const = 0;

  // Returns the subcommand and the flags that give `fields`: "gemm --m 64 --n 32 --k 16 --amax".
  virtual std::string CommandLine(const ProblemFields& fields) const = 0;

  // Returns the problem that `fields` describe. Checks only the texts; the service checks whether
  // the problem makes sense. INVALID_ARGUMENT names the field ("gemm.a_type").
  virtual absl::StatusOr<v1::Problem> Parse(const ProblemFields& fields) const = 0;
};

// A kind with the fields of `Problem`, which `mutable_problem` finds in a v1::Problem.
template <typename Problem>
class TableOfFields final : public ProblemKind {
 public:
  TableOfFields(const char* command, const char* help, const char* name,
                Problem* (v1::Problem::*mutable_problem)(), std::vector<FieldGroup<Problem>> groups)
      : command_(command),
        help_(help),
        name_(name),
        mutable_problem_(mutable_problem),
        groups_(std::move(groups)) {}

  const char* command() const override { return command_; }
  const char* help() const override { return help_; }
  const char* name() const override { return name_; }

  bool HasField(std::string_view field) const override { return Find(field) != nullptr; }

  std::string FieldList() const override {
    std::vector<std::string> names;
    ForEach([&](const ProblemField<Problem>& field, const std::string&) {
      names.push_back(field.name);
    });
    return absl::StrJoin(names, ", ");
  }

  std::vector<std::string> RequiredFields() const override {
    std::vector<std::string> names;
    ForEach([&](const ProblemField<Problem>& field, const std::string&) {
      if (field.required) names.push_back(field.name);
    });
    return names;
  }

  std::string CommandLine(const ProblemFields& fields) const override {
    std::string text = command_;
    ForEach([&](const ProblemField<Problem>& field, const std::string&) {
      const auto given = fields.find(field.name);
      if (given == fields.end()) return;
      absl::StrAppend(&text, " ", FlagOf(field.name));
      if (*field.value_name != '\0') absl::StrAppend(&text, " ", given->second);
    });
    return text;
  }

  void AddFlags(CLI::App& app, ProblemFields& fields) const override {
    ForEach([&](const ProblemField<Problem>& field, const std::string& title) {
      const std::string flag = FlagOf(field.name);
      const auto keep = [&fields, name = field.name](const std::string& text) {
        fields[name] = text;
      };
      CLI::Option* option = *field.value_name == '\0'
                                ? app.add_flag_callback(
                                      flag, [keep] { keep("true"); }, field.help)
                                : app.add_option_function<std::string>(flag, keep, field.help)
                                      ->type_name(field.value_name);
      option->group(title);
      if (field.required) option->required();
    });
  }

  absl::StatusOr<v1::Problem> Parse(const ProblemFields& fields) const override {
    v1::Problem problem;
    Problem& of_kind = *(problem.*mutable_problem_)();
    for (const auto& [name, text] : fields) {
      const std::string path = absl::StrCat(name_, ".", name);
      const ProblemField<Problem>* field = Find(name);
      if (field == nullptr) {
        return InvalidField(path, "UNKNOWN_NAME",
                            absl::StrCat("no such field; the fields are ", FieldList()));
      }
      RETURN_IF_ERROR(field->set(path, text, of_kind));
    }
    return problem;
  }

 private:
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const FieldGroup<Problem>& group : groups_) {
      for (const ProblemField<Problem>& field : group.fields) visit(field, group.title);
    }
  }

  const ProblemField<Problem>* Find(std::string_view name) const {
    const ProblemField<Problem>* found = nullptr;
    ForEach([&](const ProblemField<Problem>& field, const std::string&) {
      if (field.name == name) found = &field;
    });
    return found;
  }

  const char* const command_;
  const char* const help_;
  const char* const name_;
  Problem* (v1::Problem::*const mutable_problem_)();
  const std::vector<FieldGroup<Problem>> groups_;
};

}  // namespace tilewright::cli

#endif  // TILEWRIGHT_CLIENT_CLI_PROBLEMS_PROBLEM_FIELDS_H_
