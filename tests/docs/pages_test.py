"""Links of the pages lead somewhere, and docs/c_and_cpp.md has what the C header and example have."""
import functools
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@functools.cache
def anchors(page):
    """What Markdown makes of the headings of a page."""
    found = []
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        same = sum(re.fullmatch(re.escape(slug) + r"(-\d+)?", other) is not None for other in found)
        found.append(f"{slug}-{same}" if same else slug)
    return found


class LinksTest(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading(self):
        count = 0
        for page in PAGES:
            for target in LINK.findall(FENCE.sub("", page.read_text())):
                if "://" in target:
                    continue
                count += 1
                with self.subTest(page=page.relative_to(ROOT), target=target):
                    path, _, anchor = target.partition("#")
                    file = (page.parent / path).resolve() if path else page
                    self.assertTrue(file.exists())
                    if anchor:
                        self.assertIn(anchor, anchors(file))
        self.assertGreater(count, 100, "the pages have other links than this test knows")

    def test_every_page_is_on_the_map(self):
        the_map = (ROOT / "docs/README.md").read_text()
        for page in ROOT.glob("docs/*.md"):
            if page.name != "README.md":
                self.assertIn(f"]({page.name})", the_map)


class CPageTest(unittest.TestCase):
    def setUp(self):
        self.page = (ROOT / "docs/c_and_cpp.md").read_text()

    def test_it_names_every_function_of_the_header(self):
        header = (ROOT / "client/c/tilewright.h").read_text()
        functions = re.findall(r"TILEWRIGHT_API [^;]*?\b(tilewright_\w+)\(", header)
        self.assertGreater(len(functions), 20)
        table = self.page.split("## Functions of the C interface")[1]
        self.assertEqual([name for name in functions if f"`{name}`" not in table], [])

    def test_its_program_in_c_is_the_example(self):
        example = (ROOT / "client/cpp/example/show_plan.c").read_text()
        self.assertIn(f"```c\n{example}```", self.page)


if __name__ == "__main__":
    unittest.main()
