#ifndef TILEWRIGHT_TESTS_FAKES_STUB_CUBIN_H_
#define TILEWRIGHT_TESTS_FAKES_STUB_CUBIN_H_

#include <elf.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/support/architecture.h"

namespace tilewright {

// A file that passes for a cubin: an ELF file for CUDA's machine and `architecture` whose one
// section of code holds `label` and in which every one of `entry_symbols` begins. Of another hash
// for each label. Nothing can run it.
inline std::string StubCubin(std::string_view label, std::string_view architecture,
                             const std::vector<std::string>& entry_symbols) {
  const std::string code = "stub:" + std::string(label);
  std::string strings(1, '\0');
  std::vector<Elf64_Sym> symbols(1);
  for (const std::string& name : entry_symbols) {
    Elf64_Sym& symbol = symbols.emplace_back();
    symbol.st_name = static_cast<Elf64_Word>(strings.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_other = 0x10;  // A function that a host may launch.
    symbol.st_shndx = 3;
    symbol.st_size = code.size();
    strings += name + '\0';
  }
  const std::string table(reinterpret_cast<const char*>(symbols.data()),
                          symbols.size() * sizeof(Elf64_Sym));

  Elf64_Ehdr header = {};
  const std::string_view magic(ELFMAG, SELFMAG);
  magic.copy(reinterpret_cast<char*>(header.e_ident), SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_ident[EI_OSABI] = 0x41;
  header.e_ident[EI_ABIVERSION] = 8;
  header.e_type = ET_EXEC;
  header.e_machine = 190;
  header.e_version = EV_CURRENT;
  const Architecture target = ParseArchitecture(architecture).value_or(Architecture());
  header.e_flags = static_cast<Elf64_Word>(target.number) << 8;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 4;

  Elf64_Shdr sections[4] = {};
  std::string body;
  const auto place = [&](Elf64_Shdr& section, Elf64_Word type, const std::string& content) {
    body.resize((body.size() + 7) / 8 * 8, '\0');
    section.sh_type = type;
    section.sh_offset = sizeof(header) + body.size();
    section.sh_size = content.size();
    body += content;
  };
  place(sections[1], SHT_STRTAB, strings);
  place(sections[2], SHT_SYMTAB, table);
  sections[2].sh_link = 1;
  sections[2].sh_entsize = sizeof(Elf64_Sym);
  place(sections[3], SHT_PROGBITS, code);
  sections[3].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  body.resize((body.size() + 7) / 8 * 8, '\0');
  header.e_shoff = sizeof(header) + body.size();

  std::string file(reinterpret_cast<const char*>(&header), sizeof(header));
  file += body;
  file.append(reinterpret_cast<const char*>(sections), sizeof(sections));
  return file;
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_STUB_CUBIN_H_
