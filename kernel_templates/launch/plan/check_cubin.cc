#include "kernel_templates/launch/plan/check_cubin.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/support/architecture.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"

namespace tilewright {
namespace {

// Constants of CUDA's ELF files, from LLVM's llvm/BinaryFormat/ELF.h. Up to CUDA 12 (ABI version 7)
// the architecture is in the low eight bits of e_flags, later (8) in the next eight.
constexpr uint16_t kMachineCuda = 190;
constexpr unsigned char kAbiVersionOfShiftedArchitecture = 8;
// The flag in st_other of a function that a host may launch.
constexpr unsigned char kEntry = 0x10;

absl::Status Malformed(const std::string& what) {
  return InvalidField("cubin", "MALFORMED_CUBIN", what);
}

// Reads a structure at `offset`. Returns nothing if it is not wholly within `bytes`.
template <typename T>
std::optional<T> ReadAt(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// Returns whether `count` (16 bits, so no overflow) structures of `size` bytes fit at `offset`.
bool HoldsTable(std::string_view bytes, uint64_t offset, uint64_t count, uint64_t size) {
  return offset <= bytes.size() && count * size <= bytes.size() - offset;
}

// Returns the content of a section; nothing if it is not wholly within the file.
std::optional<std::string_view> ContentOf(std::string_view bytes, const Elf64_Shdr& section) {
  if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) return std::string_view();
  if (section.sh_offset > bytes.size() || section.sh_size > bytes.size() - section.sh_offset) {
    return std::nullopt;
  }
  return bytes.substr(section.sh_offset, section.sh_size);
}

// Returns the string at `offset` of a string table. A zero byte ends it.
std::optional<std::string_view> NameAt(std::string_view table, uint64_t offset) {
  if (offset >= table.size()) return std::nullopt;
  const std::size_t end = table.find('\0', offset);
  if (end == std::string_view::npos) return std::nullopt;
  return table.substr(offset, end - offset);
}

// A file with checked headers: every section and segment is within it.
class CubinFile {
 public:
  static absl::StatusOr<CubinFile> Open(std::string_view bytes) {
    const auto header = ReadAt<Elf64_Ehdr>(bytes, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
      return Malformed("it is not an ELF file");
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT) {
      return Malformed("it is not a 64-bit little-endian ELF file");
    }
    if (header->e_machine != kMachineCuda) return Malformed("it is not code for an NVIDIA GPU");
    if (header->e_shnum == 0 || header->e_shentsize != sizeof(Elf64_Shdr) ||
        !HoldsTable(bytes, header->e_shoff, header->e_shnum, sizeof(Elf64_Shdr))) {
      return Malformed("its section table reaches beyond its end");
    }
    if (header->e_phnum != 0 &&
        (header->e_phentsize != sizeof(Elf64_Phdr) ||
         !HoldsTable(bytes, header->e_phoff, header->e_phnum, sizeof(Elf64_Phdr)))) {
      return Malformed("its segment table reaches beyond its end");
    }
    CubinFile file(bytes, *header);
    for (unsigned i = 0; i < header->e_shnum; ++i) {
      if (!ContentOf(bytes, file.Section(i))) {
        return Malformed(absl::StrCat("section ", i, " reaches beyond its end"));
      }
    }
    for (unsigned i = 0; i < header->e_phnum; ++i) {
      const auto segment =
          *ReadAt<Elf64_Phdr>(bytes, header->e_phoff + uint64_t{i} * sizeof(Elf64_Phdr));
      if (!HoldsTable(bytes, segment.p_offset, 1, segment.p_filesz)) {
        return Malformed(absl::StrCat("segment ", i, " reaches beyond its end"));
      }
    }
    return file;
  }

  // Returns 90 for 9.0.
  int Architecture() const {
    const bool shifted = header_.e_ident[EI_ABIVERSION] >= kAbiVersionOfShiftedArchitecture;
    return static_cast<int>((shifted ? header_.e_flags >> 8 : header_.e_flags) & 0xff);
  }

  bool DefinesEntry(std::string_view name) const {
    for (unsigned i = 0; i < header_.e_shnum; ++i) {
      const Elf64_Shdr section = Section(i);
      if (section.sh_type == SHT_SYMTAB && DefinesEntry(section, name)) return true;
    }
    return false;
  }

 private:
  CubinFile(std::string_view bytes, const Elf64_Ehdr& header) : bytes_(bytes), header_(header) {}

  // REQUIRES: the table of sections is within the file.
  Elf64_Shdr Section(unsigned index) const {
    return *ReadAt<Elf64_Shdr>(bytes_, header_.e_shoff + uint64_t{index} * sizeof(Elf64_Shdr));
  }

  bool DefinesEntry(const Elf64_Shdr& table, std::string_view name) const {
    if (table.sh_link >= header_.e_shnum || table.sh_entsize != sizeof(Elf64_Sym)) return false;
    const auto strings = ContentOf(bytes_, Section(table.sh_link));
    const std::string_view symbols = *ContentOf(bytes_, table);
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
      const auto symbol = *ReadAt<Elf64_Sym>(symbols, at);
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && (symbol.st_other & kEntry) != 0 &&
          NameAt(*strings, symbol.st_name) == name && IsCode(symbol)) {
        return true;
      }
    }
    return false;
  }

  // Returns whether the function lies within a section of code.
  bool IsCode(const Elf64_Sym& symbol) const {
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= header_.e_shnum) return false;
    const Elf64_Shdr section = Section(symbol.st_shndx);
    return section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0 &&
           symbol.st_size > 0 && symbol.st_size <= section.sh_size &&
           symbol.st_value <= section.sh_size - symbol.st_size;
  }

  std::string_view bytes_;
  Elf64_Ehdr header_;
};

}  // namespace

absl::Status CheckCubin(std::string_view cubin, std::string_view architecture,
                        const v1::LaunchPlan& plan) {
  const std::optional<Architecture> target = ParseArchitecture(architecture);
  if (!target) {
    return InvalidField("architecture", "MALFORMED_CUBIN", "is not a name such as sm_90a");
  }
  ASSIGN_OR_RETURN(const CubinFile file, CubinFile::Open(cubin));
  if (file.Architecture() != target->number) {
    return Malformed(absl::StrCat("its code is for sm_", file.Architecture(), ", not for ",
                                  absl::string_view(architecture.data(), architecture.size())));
  }
  for (const v1::LaunchStep& step : plan.steps()) {
    if (!file.DefinesEntry(step.entry_symbol())) {
      return Malformed(absl::StrCat("it has no kernel '", step.entry_symbol(), "'"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tilewright
