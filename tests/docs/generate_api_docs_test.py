"""What scripts/generate_api_docs makes of a proto, and what it refuses."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/generate_api_docs"


def load():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("generate_api_docs", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def write(proto, samples={"S": "A sample."}):
    out = []
    writer = load().Writer(out, samples)
    for line in proto.splitlines():
        writer.line(line.strip())
    return "\n".join(out), writer.undocumented


class UndocumentedTest(unittest.TestCase):
    def test_a_field_without_a_comment_is_named(self):
        _, undocumented = write("// A.\nmessage A {\n  // B.\n  int32 b = 1;\n  int32 c = 2;\n}")
        self.assertEqual(undocumented, ["field A.c has no comment"])

    def test_a_message_an_enum_and_a_value_without_a_comment_are_named(self):
        _, undocumented = write("message A {}\nenum B {\n  B_UNSPECIFIED = 0;\n  B_C = 1;\n}")
        self.assertEqual(undocumented, ["message A has no comment", "enum B has no comment",
                                        "value B.B_C has no comment"])

    def test_an_rpc_needs_a_comment_and_its_errors(self):
        _, undocumented = write("// S.\nservice S {\n  rpc Get(A) returns (B);\n"
                                "  // Says something.\n  rpc List(A) returns (stream B);\n}")
        self.assertEqual(undocumented, ["rpc S.Get has no comment", "rpc S.Get lists no errors",
                                        "rpc S.List lists no errors"])


    def test_a_service_without_a_sample_is_named(self):
        _, undocumented = write("// S.\nservice S {}", samples={})
        self.assertEqual(undocumented, ["service S has no sample"])


class MarkdownTest(unittest.TestCase):
    def test_the_contents_link_to_every_heading(self):
        script = load()
        out = []
        writer = script.Writer(out, {"S": "A sample."})
        for line in ("// S.\nservice S {\n  // Gets.\n  //\n  // NOT_FOUND: NO_A - none.\n"
                     "  rpc Get(A) returns (stream B);\n}\n// A.\nmessage A {}\n"
                     "// B.\nmessage B {\n  // C.\n  message C {}\n}").splitlines():
            writer.line(line.strip())
        self.assertEqual(script.contents("a_b", writer), [
            "- [a_b.proto](#a_bproto)", "  - [S](#service-s): [Get](#rpc-get)",
            "  - messages and enums: [A](#message-a), [B](#message-b), [B.C](#message-bc)"])
        for heading in ("### service `S`", "#### rpc `Get`", "### message `B.C`"):
            self.assertIn(heading, "\n".join(out))

    def test_a_service_has_its_sample(self):
        text, _ = write("// S.\nservice S {}")
        self.assertIn("### service `S`\n\nS.\n\nA sample.", text)

    def test_errors_are_list_items(self):
        text, undocumented = write("// S.\nservice S {\n  // Gets.\n  //\n"
                                   "  // NOT_FOUND: NO_A - there is\n  //   none.\n"
                                   "  rpc Get(A) returns (B);\n}")
        self.assertEqual(undocumented, [])
        self.assertIn("- **NOT_FOUND**: NO_A - there is\n  none.", text)

    def test_formulas_are_code_and_lists_are_not(self):
        text, _ = write("// A is:\n//   x = 1\n//   y = 2\n// And:\n//   - one, which\n"
                        "//     goes on\nmessage A {}")
        self.assertIn("A is:\n\n```\n  x = 1\n  y = 2\n```\n\nAnd:\n  - one, which\n"
                      "    goes on", text)

    def test_a_oneof_does_not_part_the_table(self):
        text, _ = write("// A.\nmessage A {\n  // X.\n  int32 x = 1;\n  // Which.\n  oneof w {\n"
                        "    // Y.\n    int32 y = 2;\n  }\n  // Z.\n  int32 z = 3;\n}")
        self.assertEqual(text.count("| field | type |"), 1)

    def test_fields_after_a_nested_message_stay_with_their_own(self):
        text, _ = write("// A.\nmessage A {\n  // B.\n  message B {\n    // X.\n    int32 x = 1;\n"
                        "  }\n  // Z.\n  B z = 1;\n}")
        self.assertLess(text.index("`z`"), text.index("### message `A.B`"))


if __name__ == "__main__":
    unittest.main()
