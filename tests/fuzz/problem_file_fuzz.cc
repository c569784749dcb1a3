// Files of problems, of any bytes: a list of problems, or an error that names the line.
#include <set>
#include <string>

#include "client/cli/output/format.h"
#include "client/cli/problems/problem_text.h"
#include "client/cli/problems/suite.h"
#include "proto/problem/problem.h"
#include "proto/support/text.h"
#include "tests/fuzz/fuzz_target.h"

namespace tilewright {
namespace {

bool Run(std::string_view input) {
  const auto suite = cli::ParseSuite(input, "problems.csv");
  if (!suite.ok()) {
    const std::string line = cli::FormatError(suite.status());
    TILEWRIGHT_FUZZ_CHECK(line == Printable(line));
    TILEWRIGHT_FUZZ_CHECK(line.find("problems.csv") != std::string::npos);
    TILEWRIGHT_FUZZ_CHECK(absl::IsInvalidArgument(suite.status()));
    return false;
  }
  TILEWRIGHT_FUZZ_CHECK(!suite->empty());
  std::set<std::string> names;
  for (const cli::SuiteEntry& entry : *suite) {
    TILEWRIGHT_FUZZ_CHECK(!entry.name.empty() && names.insert(entry.name).second);
    // Both travel to the service.
    TILEWRIGHT_FUZZ_CHECK(IsUtf8(entry.name) && CheckUtf8(entry.problem).ok());
    TILEWRIGHT_FUZZ_CHECK(!cli::DescribeProblem(entry.problem).empty());
    const auto canonical = Canonicalize(entry.problem);
    if (canonical.ok()) TILEWRIGHT_FUZZ_CHECK(!EncodeProblem(*canonical).empty());
  }
  return true;
}

}  // namespace

FuzzTarget MakeFuzzTarget() {
  FuzzTarget target;
  target.seeds = {
      "sq,nt,4096,4096,4096\nup,tn,1,2,3\n",
      "# "
      "comment\n\nname,m,n,k,a_type,activation,bias\nx,8,16,32,fp16,relu,per_column\ny,1,2,3,,,\n",
      "name,m,n,k,batch,lda,alpha_mode,dropout\r\n\xc3\xa9t\xc3\xa9,64,64,64,2,,,\r\n",
      "name,rows,columns,operation,dropout,normalization,backward\n"
      "a,8,16,bias_dropout_residual,0.5,layer_norm,\nb,8,16,dropout,,,true\n",
      "name,m,n,k,error_budget,determinism\nz,2147483647,1,2147483647,1e-3,required\n",
  };
  // Those that a version does not know are refused; the first is always good.
  std::erase_if(target.seeds, [](const std::string& seed) {
    return !cli::ParseSuite(seed, "problems.csv").ok();
  });
  TILEWRIGHT_FUZZ_CHECK(target.seeds.size() >= 3);
  target.run = Run;
  return target;
}

}  // namespace tilewright
