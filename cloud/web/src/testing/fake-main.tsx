// The pages over the cabinet in memory: `npm run dev`, then /fake.html?fleet=full|empty&lang=kk&trouble=unavailable&copy=none|damaged|contradicted&tickets&consent=1..4&norollouts&expired&helped.
// No build contains it.
import "../app/mantine.css";
import "../app/app.css";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { CommandState, TicketCellSchema } from "../gen/cabinet/v1/commands_pb";
import { TagSchema } from "../gen/cabinet/v1/documents_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { langOf } from "../ui/format";
import { startWords } from "../words";
import { agents } from "./agents";
import { ALL, FakeCabinet } from "./cabinet";
import { command, fleet, undecided } from "./fleet";
import { releases, rollouts } from "./updates";

const q = new URLSearchParams(location.search);
const now = Date.now();
await startWords(langOf(q.get("lang") ?? "ru"));
const cabinet = new FakeCabinet({
  tills: q.get("fleet") === "empty" ? [] : fleet(now),
  signedIn: !q.has("signedout"),
  permissions: q.has("poor") ? ["tills:view", "documents:view", "tills:recover"] : [...ALL, "audit:view"],
  trouble: q.has("trouble") ? Code.Unavailable : undefined,
  deaf: q.has("deaf"),
  agents: q.get("fleet") === "empty" ? [] : agents(now),
  undecided: q.has("undecided") ? undecided(now) : [],
  empty: q.get("fleet") === "empty" || q.has("nothing"),
});
if (q.get("fleet") !== "empty") {
  cabinet.updates.releases = releases(now);
  cabinet.updates.rollouts = q.has("norollouts") ? [] : rollouts(now);
  for (const agent of cabinet.agents) agent.pinned = agent.id === "agent-3" ? "0.4.2" : "";
  cabinet.updates.expired = q.has("expired");
}
if (q.has("remote")) cabinet.remote.full();
if (q.has("several")) cabinet.people.several();
if (q.has("centre")) cabinet.people.centre();
if (q.has("helped")) {
  for (const till of cabinet.tills) till.organisationId = "o1";
  for (const grant of cabinet.people.grants) Object.assign(grant, { nodeId: "", nodeName: "" });
  cabinet.access.support = {
    name: "Поддержка кабинета",
    phone: "+78432001020",
    email: "help@chekan.example",
  };
}
if (q.has("command")) {
  cabinet.commands = [
    command(now - 3000, "till-red", "c3", Action.FINISH_PRINT, CommandState.RUNNING, 2),
    command(now - 3_600_000, "till-red", "c2", Action.CHECK, CommandState.FAILED, 1),
    command(now - 90_000_000, "till-red", "c1", Action.CLOSE_SHIFT, CommandState.DONE, 2),
    command(now - 100_000_000, "till-red", "c0", Action.REBOOT, CommandState.EXPIRED, 0),
  ];
}
if (q.has("tickets")) {
  cabinet.tickets = [
    create(TicketCellSchema, {
      id: "7QF9-M2PK",
      tillId: "till-red",
      text: "Порт кассы пропал.",
      openedMs: BigInt(now - 240_000),
    }),
    create(TicketCellSchema, {
      id: "B3XA-ZZ71",
      tillId: "till-yellow",
      text: "Касса не отвечает.",
      openedMs: BigInt(now - 86_400_000),
      closedMs: BigInt(now - 80_000_000),
      closedBy: "anna",
      resolution: "Заменили блок питания.",
    }),
  ];
}
const consent = q.get("consent");
if (consent) {
  const c = command(now - 20_000, "till-red", "ask", Action.CLOSE_SHIFT, CommandState.RUNNING, -1);
  if (c.run) Object.assign(c.run, { consent: Number(consent), consentUntilMs: BigInt(now + 580_000) });
  cabinet.commands = [c, ...cabinet.commands];
}
const copy = q.get("copy");
if (copy) {
  cabinet.copies = (answer) => {
    answer.copyContradicted = copy === "contradicted";
    answer.copyDamaged = copy === "damaged";
    if (copy === "damaged")
      answer.tags = [create(TagSchema, { value: "DE AD", raw: new Uint8Array([0xde, 0xad]) })];
    if (copy === "none") answer.tags = [];
    if (copy !== "contradicted") answer.slip = [];
    answer.hasCopy = copy !== "none";
  };
}
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <MemoryRouter initialEntries={[q.get("path") ?? "/"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}
