#include "kernel_templates/launch/plan/check_cubin.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "kernel_templates/launch/plan/check_kernel.h"
#include "proto/support/errors.h"
#include "tests/fakes/stub_cubin.h"
#include "tests/kernel_templates/launch/launch_fixture.h"

namespace tilewright {
namespace {

std::string Good() { return StubCubin("code", "sm_90a", {"tilewright_gemm", "other"}); }

absl::Status Check(const std::string& cubin) { return CheckCubin(cubin, "sm_90a", Plan()); }

void ExpectRefused(const std::string& cubin) {
  ExpectBlames(Check(cubin), "cubin", "MALFORMED_CUBIN");
}

template <typename Change>
std::string WithHeader(Change change) {
  std::string cubin = Good();
  Elf64_Ehdr header;
  std::memcpy(&header, cubin.data(), sizeof(header));
  change(header);
  std::memcpy(cubin.data(), &header, sizeof(header));
  return cubin;
}

template <typename Change>
std::string WithSection(unsigned index, Change change) {
  std::string cubin = Good();
  Elf64_Ehdr header;
  std::memcpy(&header, cubin.data(), sizeof(header));
  char* const at = cubin.data() + header.e_shoff + index * sizeof(Elf64_Shdr);
  Elf64_Shdr section;
  std::memcpy(&section, at, sizeof(section));
  change(section);
  std::memcpy(at, &section, sizeof(section));
  return cubin;
}

template <typename Change>
std::string WithSymbol(Change change) {
  std::string cubin = Good();
  // The table follows the strings, at the next multiple of 8 bytes; its first entry is empty.
  const std::size_t strings = 1 + sizeof("tilewright_gemm") + sizeof("other");
  char* const at = cubin.data() + sizeof(Elf64_Ehdr) + (strings + 7) / 8 * 8 + sizeof(Elf64_Sym);
  Elf64_Sym symbol;
  std::memcpy(&symbol, at, sizeof(symbol));
  change(symbol);
  std::memcpy(at, &symbol, sizeof(symbol));
  return cubin;
}

TEST(CheckCubinTest, AcceptsWhatHasTheArchitectureAndTheEntries) {
  EXPECT_TRUE(Check(Good()).ok()) << Check(Good());
  EXPECT_TRUE(Check(WithSymbol([](Elf64_Sym&) {})).ok());
}

TEST(CheckCubinTest, TextIsNoCubin) {
  ExpectRefused("");
  ExpectRefused("fifty-two bytes of text, which is no native code....");
  ExpectRefused(
      "\x7f"
      "ELF");
}

TEST(CheckCubinTest, OtherMachinesAndClassesAreRefused) {
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_machine = EM_X86_64; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }));
}

TEST(CheckCubinTest, CodeForAnotherArchitectureIsRefused) {
  ExpectRefused(StubCubin("code", "sm_80", {"tilewright_gemm"}));
  EXPECT_FALSE(CheckCubin(Good(), "sm_80", Plan()).ok());
  for (const char* name :
       {"", "sm_", "sm_a", "sm_9", "compute_90", "sm_90b", "sm_9000", "sm_+90"}) {
    ExpectBlames(CheckCubin(Good(), name, Plan()), "architecture", "MALFORMED_CUBIN");
  }
  // As CUDA 12 wrote it.
  EXPECT_TRUE(Check(WithHeader([](Elf64_Ehdr& h) {
                h.e_ident[EI_ABIVERSION] = 7;
                h.e_flags = 0x5a055a;
              })).ok());
}

TEST(CheckCubinTest, TablesBeyondTheEndAreRefused) {
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_shoff = ~uint64_t{0}; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_shoff -= 1'000'000; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_shnum = 0xffff; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_shnum = 0; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) { h.e_shentsize = 1; }));
  ExpectRefused(WithHeader([](Elf64_Ehdr& h) {
    h.e_phnum = 1;
    h.e_phentsize = sizeof(Elf64_Phdr);
    h.e_phoff = ~uint64_t{7};
  }));
  ExpectRefused(WithSection(3, [](Elf64_Shdr& s) { s.sh_offset = ~uint64_t{0}; }));
  ExpectRefused(WithSection(3, [](Elf64_Shdr& s) { s.sh_size = ~uint64_t{0}; }));
  ExpectRefused(WithSection(1, [](Elf64_Shdr& s) { s.sh_size = uint64_t{1} << 63; }));
  for (std::size_t size = 0; size < Good().size(); ++size) ExpectRefused(Good().substr(0, size));
}

TEST(CheckCubinTest, AnEntryIsADefinedFunctionOfCode) {
  ExpectRefused(StubCubin("code", "sm_90a", {"other"}));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_shndx = SHN_UNDEF; }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_shndx = 1; }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_shndx = 4711; }));
  ExpectRefused(
      WithSymbol([](Elf64_Sym& s) { s.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT); }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_other = 0; }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_name = 0xffffffff; }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_value = ~uint64_t{0}; }));
  ExpectRefused(WithSymbol([](Elf64_Sym& s) { s.st_size = 1 << 20; }));
  ExpectRefused(WithSection(2, [](Elf64_Shdr& s) { s.sh_link = 9; }));
  ExpectRefused(WithSection(2, [](Elf64_Shdr& s) { s.sh_entsize = 0; }));
  ExpectRefused(WithSection(1, [](Elf64_Shdr& s) { s.sh_size = 5; }));
}

TEST(CheckKernelTest, NamesOfVariantsAreNames) {
  v1::Kernel kernel;
  kernel.set_architecture("sm_90a");
  *kernel.mutable_launch_plan() = Plan();
  kernel.mutable_variant()->set_template_name("gemm_sm90");
  EXPECT_TRUE(CheckKernel(kernel, Good()).ok());
  kernel.mutable_variant()->mutable_config()->add_parameters()->set_name("\x1b[2J");
  ExpectBlames(CheckKernel(kernel, Good()), "variant.config.parameters[0].name",
               "MALFORMED_KERNEL");
  kernel.mutable_variant()->set_template_name("");
  ExpectBlames(CheckKernel(kernel, Good()), "variant.template_name", "MALFORMED_KERNEL");
}

TEST(CheckVendorKernelTest, AlgorithmsHaveTheirSize) {
  v1::VendorKernel vendor;
  vendor.set_algorithm(std::string(64, 'a'));
  EXPECT_TRUE(CheckVendorKernel(vendor).ok());
  vendor.set_workspace_bytes(int64_t{1} << 60);
  EXPECT_FALSE(CheckVendorKernel(vendor).ok());
  vendor.set_workspace_bytes(-1);
  EXPECT_FALSE(CheckVendorKernel(vendor).ok());
  vendor.set_workspace_bytes(0);
  vendor.set_algorithm("short");
  EXPECT_FALSE(CheckVendorKernel(vendor).ok());
}

}  // namespace
}  // namespace tilewright
