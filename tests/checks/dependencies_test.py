"""Each folder's CMake target names, in its DEPS, every target whose headers the folder includes.

A missing name would link all the same, as dependencies are passed on: only this check fails. Of
libraries from outside, those in OUTSIDE count: abseil and protobuf come with tilewright_proto, and
what is all headers has no target.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else __file__).resolve()
FOLDERS = ("client", "kernel_templates/launch", "proto", "server", "tuner")
SUFFIXES = (".c", ".cc", ".h")

# The beginning of an include: the targets of which one has to be named.
OUTSIDE = {
    "SQLiteCpp/": {"SQLiteCpp"},
    "absl/container/flat_hash_map.h": {"absl::flat_hash_map"},
    "absl/container/flat_hash_set.h": {"absl::flat_hash_set"},
    "absl/container/inlined_vector.h": {"absl::inlined_vector"},
    "cuda.h": {"tilewright_cuda_headers"},
    "grpcpp/": {"tilewright_grpc_proto", "gRPC::grpc++"},
    "nghttp2/": {"PkgConfig::NGHTTP2"},
    "nvrtc.h": {"tilewright_cuda_headers"},
    "openssl/": {"OpenSSL::Crypto"},
    "prometheus/": {"prometheus-cpp::pull"},
    "spdlog/": {"spdlog::spdlog"},
    "sqlite3.h": {"PkgConfig::SQLITE3"},
    "xxhash.h": {"PkgConfig::XXHASH"},
    "zstd.h": {"PkgConfig::ZSTD"},
}

# Headers of no library: those of kernels, which host and device share.
SHARED = ("kernel_templates/abi/", "kernel_templates/reference/")

# Generated: which target has them.
GENERATED = {
    "tilewright/v1/": "tilewright_proto",
    "google/rpc/": "tilewright_proto",
    "tuner/bench/bench_worker.pb.h": "tilewright_bench_proto",
    "tuner/compile/compile_worker.pb.h": "tilewright_compile_proto",
    "tuner/store/store.pb.h": "tilewright_store_proto",
}

# Public headers lie in folders of their own. They are installed, so they include no others.
PUBLIC = {
    "client/cpp/include/": "tilewright_client",
    "kernel_templates/launch/include/": "tilewright_launch_plan",
}

# What targets in a folder must not depend on; the first line that fits counts.
SERVER = "tilewright_server|tilewrightd"
CLIENT = "tilewright_client|tilewright_cli|tilewright_c_"
TUNER = ("tilewright_(?:bench|codegen|compile|model|profile|search|select|store|target|template|"
         "worker)")
REFUSED = [
    ("proto/problem/", re.compile(rf"(?!tilewright_proto$)tilewright|gRPC")),
    ("proto/", re.compile(r"tilewright_(?!proto|grpc_proto)")),
    ("kernel_templates/", re.compile(rf"{SERVER}|{CLIENT}|{TUNER}|gRPC|tilewright_grpc")),
    ("tuner/profile/", re.compile(
        rf"{SERVER}|{CLIENT}|gRPC|tilewright_grpc|tilewright_bench$|.*cuda_headers")),
    ("tuner/", re.compile(rf"{SERVER}|{CLIENT}|gRPC|tilewright_grpc")),
    ("client/", re.compile(rf"{SERVER}|{TUNER}")),
    ("server/", re.compile(rf"{CLIENT}")),
]

TARGET = re.compile(
    r"\b(?:tilewright_library|tilewright_binary)\(\s*(\w+)([^()]*)\)", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)


def arguments(text, keyword):
    found = re.search(rf"\b{keyword}\b(.*?)(?:\b(?:SOURCES|GENERATED|DEPS)\b|$)", text, re.S)
    return found.group(1).split() if found else []


class Target:
    def __init__(self, folder, name, text):
        self.folder = folder
        self.name = name
        self.deps = set(arguments(text, "DEPS"))
        if "${TEMPLATE_TARGETS}" in self.deps:
            self.deps |= {f"tilewright_template_{child.parent.name}"
                          for child in folder.glob("*/CMakeLists.txt")}
        if "tilewright_launch" in self.deps:
            self.deps |= {f"tilewright_launch_{child.parent.name}" for child in
                          (ROOT / "kernel_templates/launch").glob("*/CMakeLists.txt")}
        sources = [s for s in arguments(text, "SOURCES") if "$" not in s]
        if sources:
            self.sources = {folder / s for s in sources}
        elif "PROBLEM_SOURCES" in text:
            self.sources = set(folder.rglob("*.cc"))
        else:
            self.sources = set(folder.glob("*.cc"))


def targets(root):
    found = []
    for folder in FOLDERS:
        for cmake in sorted((root / folder).rglob("CMakeLists.txt")):
            text = re.sub(r"#[^\n]*", "", cmake.read_text(encoding="utf-8"))
            for name, body in TARGET.findall(text):
                found.append(Target(cmake.parent, name, body))
    return found


class Tree:
    def __init__(self, root):
        self.root = root
        self.targets = targets(root)
        # A header is of the library that has its .cc, or else of the first one in its folder.
        self.owner = {}
        for target in self.targets:
            self.owner.setdefault(target.folder, target.name)
            for source in target.sources:
                self.owner.setdefault(source.parent, target.name)
                self.owner.setdefault(source.with_suffix(".h"), target.name)

    def owner_of(self, include):
        for prefix, name in GENERATED.items():
            if include.startswith(prefix):
                return "tilewright_grpc_proto" if include.endswith(".grpc.pb.h") else name
        for folder, name in PUBLIC.items():
            if (self.root / folder / include).exists():
                return name
        path = self.root / include
        if not path.exists() or include.startswith(SHARED):
            return None
        if include.startswith("proto/support/"):
            return "tilewright_proto"
        return self.owner.get(path, self.owner.get(path.parent))

    def missing(self, target):
        """(file, include, what is not among the DEPS) of each include that they do not cover."""
        files = set(target.sources)
        for source in target.sources:
            files |= {header for header in source.parent.glob("*.h")
                      if self.owner.get(header, self.owner[source.parent]) == target.name}
        for folder, name in PUBLIC.items():
            if name == target.name:
                files |= set((self.root / folder).rglob("*.h"))
        for path in sorted(files):
            if path.suffix not in SUFFIXES or not path.exists():
                continue
            for include in INCLUDE.findall(path.read_text(encoding="utf-8")):
                wanted = {self.owner_of(include)} - {None}
                for prefix, names in OUTSIDE.items():
                    if include.startswith(prefix):
                        wanted = names
                if wanted and target.name not in wanted and not wanted & target.deps:
                    yield path.relative_to(self.root).as_posix(), include, sorted(wanted)


class DependenciesTest(unittest.TestCase):
    def test_targets_name_all_that_their_files_include(self):
        tree = Tree(ROOT)
        self.assertGreater(len(tree.targets), 30)
        wrong = [f"{target.name}: {path} includes {include}: DEPS want {' or '.join(wanted)}"
                 for target in tree.targets for path, include, wanted in tree.missing(target)]
        self.assertEqual(wrong, [])

    def test_public_headers_include_public_headers(self):
        wrong = []
        for folder in PUBLIC:
            for path in sorted((ROOT / folder).rglob("*.h")):
                wrong += [f"{path.relative_to(ROOT).as_posix()} includes {include}"
                          for include in INCLUDE.findall(path.read_text(encoding="utf-8"))
                          if (ROOT / include).exists()]
        self.assertEqual(wrong, [])

    def test_dependencies_point_one_way(self):
        for target in Tree(ROOT).targets:
            folder = target.folder.relative_to(ROOT).as_posix() + "/"
            refused = next(names for prefix, names in REFUSED if folder.startswith(prefix))
            with self.subTest(target=target.name):
                self.assertEqual([dep for dep in sorted(target.deps) if refused.match(dep)], [])

    def test_every_source_is_compiled(self):
        tree = Tree(ROOT)
        compiled = set().union(*(target.sources for target in tree.targets))
        left = [path.relative_to(ROOT).as_posix()
                for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.cc"))
                if path not in compiled and "example" not in path.parts
                and path.parent != ROOT / "proto" / "support"]
        self.assertEqual(left, [])

    # Whoever opens a file without a header of its own learns why it has none.
    def test_sources_without_a_header_say_what_they_are_part_of(self):
        silent = []
        for folder in FOLDERS:
            for path in sorted((ROOT / folder).rglob("*.cc")):
                has_header = path.with_suffix(".h").exists() or any(
                    (ROOT / public / "tilewright" / path.name).with_suffix(".h").exists()
                    for public in PUBLIC)
                if not has_header and not path.read_text(encoding="utf-8").startswith("//"):
                    silent.append(path.relative_to(ROOT).as_posix())
        self.assertEqual(silent, [])


if __name__ == "__main__":
    unittest.main()
