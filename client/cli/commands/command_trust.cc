// `tilewright trust` and `tilewright key`
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/format.h"
#include "proto/support/counted.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"

namespace tilewright::cli {
namespace {

std::string StateOf(const v1::Signer& signer) {
  if (signer.own()) return "own key";
  return signer.trusted() ? "trusted" : "not trusted";
}

std::string DayOf(const v1::Signer& signer) {
  if (!signer.has_trust_time()) return "-";
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(signer.trust_time().seconds()),
                          absl::LocalTimeZone());
}

absl::StatusOr<int> ListSigners(CommandContext& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::ListSignersResponse response, client->connection().ListSigners());
  if (context.PrintedAsJson(response)) return kExitOk;
  Table table({"NAME", "STATE", "SINCE", "WINNERS", "SIGNER"}, {false, false, false, true, false});
  for (const v1::Signer& signer : response.signers()) {
    table.Add({signer.display_name().empty() ? "-" : signer.display_name(), StateOf(signer),
               DayOf(signer), absl::StrCat(signer.winners()), signer.signer()});
  }
  if (table.empty()) {
    context.out() << "No signer is trusted yet. `tilewright trust add` trusts one.\n";
  } else {
    context.out() << table.Render(context.out_style());
  }
  if (const int64_t unknown = response.unknown_signer_winners(); unknown > 0) {
    context.out() << Counted(unknown, "winner") << (unknown == 1 ? " has" : " have")
                  << " no signer, because version 0.1 imported " << (unknown == 1 ? "it" : "them")
                  << ". `tilewright trust adopt` trusts " << (unknown == 1 ? "it" : "them")
                  << " for good.\n";
  }
  return kExitOk;
}

absl::StatusOr<int> Add(CommandContext& context, const v1::TrustSignerRequest& request) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::Signer signer, client->connection().TrustSigner(request));
  if (context.PrintedAsJson(signer)) return kExitOk;
  context.out() << "Trusts " << Printable(signer.signer()) << " as "
                << Printable(signer.display_name()) << ": its bundles can be imported";
  if (signer.winners() > 0)
    context.out() << ", and its " << Counted(signer.winners(), "winner") << " can be served";
  context.out() << ".\n";
  return kExitOk;
}

absl::StatusOr<int> Remove(CommandContext& context, const std::string& name) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::DistrustSignerResponse response,
                   client->connection().DistrustSigner(name));
  if (context.PrintedAsJson(response)) return kExitOk;
  context.out() << "Does not trust " << Printable(response.signer().signer()) << " any more";
  if (response.winners() > 0) {
    context.out() << ": its " << Counted(response.winners(), "winner")
                  << (response.winners() == 1 ? " stays stored but is no longer served"
                                              : " stay stored but are no longer served");
  }
  context.out() << ".\n";
  return kExitOk;
}

absl::StatusOr<int> Adopt(CommandContext& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::AdoptWinnersResponse response, client->connection().AdoptWinners());
  if (context.PrintedAsJson(response)) return kExitOk;
  context.out() << "Adopted " << Counted(response.winners(), "winner") << ".\n";
  return kExitOk;
}

absl::StatusOr<int> ShowKey(CommandContext& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::SigningKey key, client->connection().GetSigningKey());
  if (context.PrintedAsJson(key)) return kExitOk;
  context.out() << Printable(key.signer()) << '\n';
  context.Note(
      "this is the fingerprint of the key that signs your exports; whoever imports them runs "
      "`tilewright trust add` with it");
  return kExitOk;
}

absl::StatusOr<int> RotateKey(CommandContext& context) {
  ASSIGN_OR_RETURN(Client * client, context.client());
  ASSIGN_OR_RETURN(const v1::SigningKey key, client->connection().RotateSigningKey());
  if (context.PrintedAsJson(key)) return kExitOk;
  context.out() << "Exports are signed with " << Printable(key.signer())
                << " from now on.\nThe old key, " << Printable(key.previous_signer())
                << ", stays trusted here. `tilewright trust remove` ends that.\n";
  return kExitOk;
}

}  // namespace

void AddTrust(CLI::App& app, Action& action) {
  CLI::App* trust = app.add_subcommand("trust", "Show and change whose bundles are accepted here");
  trust->require_subcommand(1);

  auto signer = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CLI::App* add = trust->add_subcommand("add", "Trust a signer, or give it another name");
  add->add_option("signer", *signer,
                  "Fingerprint of the signer: 64 hexadecimal digits. `tilewright key show` prints "
                  "them on the signer's machine, and a refused import prints them here")
      ->type_name("FINGERPRINT")
      ->required();
  add->add_option("--name", *name, "Name of the signer on this machine, up to 64 bytes")
      ->type_name("NAME")
      ->required();
  add->callback([&action, signer, name] {
    v1::TrustSignerRequest made;
    made.set_signer(*signer);
    made.set_display_name(*name);
    action = [made](CommandContext& context) { return Add(context, made); };
  });

  trust->add_subcommand("list", "Show who is trusted, and whose winners are stored")
      ->callback([&action] { action = ListSigners; });

  auto removed = std::make_shared<std::string>();
  CLI::App* remove =
      trust->add_subcommand("remove", "Stop trusting a signer; what it signed is no longer served");
  remove->add_option("signer", *removed, "Name or fingerprint of the signer")
      ->type_name("SIGNER")
      ->required();
  SetAction(*remove, action,
            [removed](CommandContext& context) { return Remove(context, *removed); });

  trust
      ->add_subcommand("adopt", "Trust the winners that version 0.1 imported, which have no signer")
      ->callback([&action] { action = Adopt; });
}

void AddKey(CLI::App& app, Action& action) {
  CLI::App* key = app.add_subcommand("key", "Show or replace the key that signs exports here");
  key->require_subcommand(1);
  key->add_subcommand("show", "Print its fingerprint")->callback([&action] { action = ShowKey; });
  key->add_subcommand("rotate", "Make a new key and sign with it; the old key stays trusted")
      ->callback([&action] { action = RotateKey; });
}

}  // namespace tilewright::cli
